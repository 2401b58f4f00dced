/* The same answer without a libc: a process can hardly be cheaper, so what is left is the server's and the kernel's. */
static const char answer[] = "Content-Type: text/plain\n\nhello, world\n";

static long call(long number, long a, long b, long c) {
#if defined(__x86_64__)
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
#endif
}

#if defined(__x86_64__)
enum { WRITE = 1, EXIT = 231 };
#else
enum { WRITE = 64, EXIT = 94 };
#endif

void _start(void) {
    call(WRITE, 1, (long)answer, sizeof answer - 1);
    call(EXIT, 0, 0, 0);
}
