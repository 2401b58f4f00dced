"""Builds the program that is handed out, with a profile of its own work: `target/HOST/dist/enfilade`, the door beside it.

    python3 tests/load/gateways/profiled.py

    build, instrumented ──▶ drive it ──▶ merge what it counted ──▶ build by that

It needs what run.py needs, curl, openssl, and LLVM's `llvm-profdata`, of rustc's LLVM or a newer one: rustup's
component `llvm-tools` has it; LLVM_PROFDATA names another.
"""

import base64
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import peer

WORK = peer.TARGET / "profiled"
RAW, MERGED = WORK / "raw", WORK / "merged.profdata"
# The apps' tables, and what they leave out: passwords and cookies, TLS, HTTP/2.
DRIVEN = "asgi-hello asgi-echo asgi-fastapi websocket-echo wsgi-hello wsgi-flask cgi-static".split()


def main():
    profdata = tool()
    instrumented = build(WORK / "instrumented", f"-Cprofile-generate={RAW}")
    shutil.rmtree(RAW, ignore_errors=True)
    drive(instrumented)
    subprocess.run([profdata, "merge", "-o", MERGED, RAW], check=True)
    print(build(peer.TARGET, f"-Cprofile-use={MERGED}"))


def build(folder: Path, flags: str) -> Path:
    """With `--target`, so that build scripts and macros, which run here, are left as they are."""
    host = re.search(r"host: (\S+)", said("rustc", "-vV"))[1]
    command = ["cargo", "build", "--locked", "--profile", "dist", "--bin", "enfilade", "--features", "python"]
    command += ["--example", "door"]
    env = {**os.environ, "RUSTFLAGS": flags, "CARGO_TARGET_DIR": str(folder), "CARGO_INCREMENTAL": "0"}
    subprocess.run([*command, "--target", host], check=True, env=env, cwd=peer.HERE.parents[2])
    return folder / host / "dist/enfilade"


def tool() -> str:
    """Found before anything is built."""
    component = Path(said("rustc", "--print", "sysroot").strip()).glob("lib/rustlib/*/bin/llvm-profdata")
    found = os.environ.get("LLVM_PROFDATA") or next(map(str, component), None) or shutil.which("llvm-profdata")
    return found or sys.exit("llvm-profdata is missing: rustup component add llvm-tools")


def drive(program: Path):
    door = program.parent / "examples/door"
    env = {**os.environ, "ENFILADE_BIN": str(program), "DOOR_BIN": str(door)}
    measure = [sys.executable, peer.HERE / "run.py", "--rounds", "2", "--seconds", "2", "--only"]
    subprocess.run([*measure, "enfilade", *DRIVEN], check=True, env=env)
    for checked in "enfilade --auth", "enfilade, Auth and Cookie":
        subprocess.run([*measure, checked, "auth-asgi"], check=True, env=env)
    demo(program)


def demo(program: Path):
    """A token, a password and a cookie at the demonstration's chain, over TLS too, and by HTTP/2."""
    certificate, key = WORK / "certificate.pem", WORK / "key.pem"
    making = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7 -subj /CN=localhost"
    making += " -addext subjectAltName=DNS:localhost"
    subprocess.run([*making.split(), "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    for arguments in [], ["--tls-cert", certificate, "--tls-key", key]:
        command = [program, "--listen", "127.0.0.1:0", "--insecure-plain-cookies", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            banner = ""
            while "Ctrl-C" not in banner:
                banner += server.stdout.readline() or sys.exit(f"{program} does not start")
            try:
                visit(banner)
            finally:
                server.terminate()


def visit(banner: str):
    url = re.search(r"url +(\S+)", banner)[1]
    name, password = re.search(r"user +(\S+) +(\S+)", banner).groups()
    bearer = "Authorization: Bearer " + re.search(r"token +(\S+)", banner)[1]
    curl = ["curl", "-skf", "-o", "/dev/null"]
    jar = WORK / "jar"
    subprocess.run([*curl, "-c", jar, "-d", f"name={name}&password={password}", f"{url}/sign-in"], check=True)
    lines = [line.split("\t") for line in jar.read_text().splitlines()]
    cookies = "; ".join("=".join(line[5:]) for line in lines if len(line) == 7)
    basic = base64.b64encode(f"{name}:{password}".encode()).decode()
    for field in bearer, f"Cookie: {cookies}", f"Authorization: Basic {basic}":
        subprocess.run([*curl, "-H", field, url], check=True)
        subprocess.run(["wrk", "-t1", "-c16", "-d2s", "-H", field, url], check=True)
    if url.startswith("https"):
        subprocess.run([*curl, "--http2", "-Z", "-H", bearer, f"{url}/?[1-5000]"], check=True)


def said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
