/* A CGI program as somebody writes it in C. */
#include <stdio.h>

int main(void) {
    puts("Content-Type: text/plain\n");
    puts("hello, world");
    return 0;
}
