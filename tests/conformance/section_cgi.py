"""RFC 3875: what a CGI script is told, what becomes of its answer, and when its process ends.

    a request as bytes ─▶ the server ─▶ apps/app.cgi ─▶ what came back, byte for byte, and what the script wrote down
"""

from pathlib import Path

from servers import Running
from table import proves
from wire import Closed


def ask(at, method: str, path: str, *fields: str, body: bytes = b"", **options):
    return at.ask(f"{method} /app.cgi{path} HTTP/1.1", "HOST", *fields, body=body, **options)


def seen(at, path: str = "/seen", *fields: str, method: str = "GET", body: bytes = b"") -> dict:
    return at.seen(f"{method} /app.cgi{path} HTTP/1.1", "HOST", *fields, body=body)


def environment(at, path: str = "/seen", *fields: str, **options) -> dict:
    return seen(at, path, *fields, **options)["environment"]


# The request


@proves("RFC 3875 §4.1")
def required_variables(at):
    """The variables that every script is owed are there, each with its value."""
    found = environment(at)
    wanted = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/app.cgi", "QUERY_STRING": ""}
    wanted |= {"REMOTE_ADDR": "127.0.0.1", "SERVER_PORT": str(at.port), "SERVER_PROTOCOL": "HTTP/1.1"}
    assert {name: found.get(name) for name in wanted} == wanted, found
    assert found.get("SERVER_NAME") and found.get("SERVER_SOFTWARE"), found


@proves("RFC 3875 §4.1.5, §4.1.13")
def path_info(at):
    """`PATH_INFO` is what follows the script's name, decoded once, byte by byte."""
    found = environment(at, "/seen/a%20b/%C3%A9/%2541")
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/app.cgi", "/seen/a b/\xc3\xa9/%41"), found["PATH_INFO"]


@proves("RFC 3875 §4.1.6")
def path_translated(at):
    """`PATH_TRANSLATED` is `PATH_INFO` below the document root."""
    found = environment(at, "/seen/x.txt").get("PATH_TRANSLATED", "")
    assert found.endswith("/seen/x.txt") and found.startswith(str(at.folder)), found


@proves("RFC 3875 §4.1.5; C strings end at NUL, so that the script would check another path than it opens")
def nul_in_the_path(at):
    """A path with an encoded NUL in it is refused."""
    assert ask(at, "GET", "/seen/a%00b").status in (400, 404)


@proves("RFC 3875 §4.1.7")
def query_string(at):
    """`QUERY_STRING` stays encoded."""
    assert environment(at, "/seen?a=%20+%2F?b")["QUERY_STRING"] == "a=%20+%2F?b"


@proves("RFC 3875 §4.4; CVE-2012-1823: options of the interpreter in a query")
def query_is_no_argument(at):
    """A query becomes no arguments of the script's, quoted or not."""
    for query in ("-s", "a+b", "%22;id", "-d+allow_url_include%3d1"):
        assert seen(at, f"/seen?{query}")["arguments"] == []


@proves("RFC 3875 §4.1.2, §4.1.3, §4.2")
def request_body(at):
    """A body is on standard input, with `CONTENT_LENGTH` and `CONTENT_TYPE`; without one neither is set."""
    told = seen(at, "/seen", "Content-Type: a/b", "Content-Length: 3", method="POST", body=b"abc")
    found = told["environment"]
    assert (found["CONTENT_LENGTH"], found["CONTENT_TYPE"], told["body"]) == ("3", "a/b", "abc"), told
    found = environment(at)
    assert "CONTENT_TYPE" not in found and found.get("CONTENT_LENGTH", "") in ("", "0"), found


@proves("RFC 3875 §4.1.2")
def chunked_body(at):
    """A chunked body has its true length in `CONTENT_LENGTH` (or is refused with 411)."""
    fields, body = ["Transfer-Encoding: chunked"], b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    if ask(at, "POST", "/seen", *fields, body=body).status == 411:
        return
    told = seen(at, "/seen", *fields, method="POST", body=body)
    assert (told["environment"].get("CONTENT_LENGTH"), told["body"]) == ("7", "abcdefg"), told


@proves("RFC 3875 §4.1.18")
def header_variables(at):
    """Header fields are `HTTP_` variables; one that comes twice is one, both values in their order."""
    found = environment(at, "/seen", "X-Twice: 1", "Accept: a/b", "X-Twice: 2")
    assert found["HTTP_ACCEPT"] == "a/b" and found["HTTP_X_TWICE"].replace(" ", "") == "1,2", found


@proves("RFC 3875 §4.1.18")
def credentials_stay_out(at):
    """`Authorization` does not reach the environment, which other processes can read."""
    assert "HTTP_AUTHORIZATION" not in environment(at, "/seen", "Authorization: Basic YTpi")


@proves("CVE-2016-5385 (httpoxy)")
def proxy_field(at):
    """A field `Proxy` never becomes `HTTP_PROXY`."""
    assert "HTTP_PROXY" not in environment(at, "/seen", "Proxy: http://evil.example/")


@proves("CVE-2015-0219: a proxy that guards `X-User` does not guard `X_User`")
def underscores_do_not_collide(at):
    """A field `X_User` never becomes, nor adds to, the variable that `X-User` has."""
    for fields in (["X-User: good", "X_User: evil"], ["X_User: evil", "X-User: good"], ["X_User: evil"]):
        answer = ask(at, "GET", "/seen", *fields)
        assert answer.status == 400 or b"evil" not in answer.body


@proves("RFC 3875 §9; a script's process shows its environment to every process of its user")
def clean_environment(at):
    """The server's own environment does not reach the script."""
    assert "SECRET" not in environment(at)


@proves("RFC 3875 §7.2")
def working_directory(at):
    """The script's folder is its working directory."""
    assert Path(seen(at)["folder"]) == at.folder


# The answer


@proves("RFC 3875 §6.3.3")
def status(at):
    """`Status` is the status of the answer, and not a field of it."""
    answer = ask(at, "GET", "/status")
    assert (answer.status, answer.body, answer.get("status")) == (410, b"gone", None), answer


@proves("RFC 3875 §6.3.3")
def no_status(at):
    """Without `Status` the answer is 200."""
    answer = ask(at, "GET", "/hello")
    assert (answer.status, answer.body, answer.get("content-type")) == (200, b"hello, world\n", "text/plain"), answer


@proves("RFC 3875 §6.2.3")
def client_redirect(at):
    """`Location` with an absolute URL alone sends the client there with 302."""
    answer = ask(at, "GET", "/elsewhere")
    assert (answer.status, answer.get("location")) == (302, "http://other.example/there?a=b"), answer


@proves("RFC 3875 §6.2.4")
def client_redirect_with_document(at):
    """`Location` with a `Status` keeps that status and the body."""
    answer = ask(at, "GET", "/elsewhere_with_status")
    found = answer.status, answer.get("location"), answer.body
    assert found == (301, "http://other.example/there", b"moved"), answer


def another_script(at) -> str:
    """lighttpd follows a local redirect only to another script; ours serves one script alone."""
    return "/other.cgi" if at.server.name == "lighttpd" else "/app.cgi"


@proves("RFC 3875 §6.2.2")
def local_redirect(at):
    """`Location` with a path alone is answered from there, and the client hears nothing of it."""
    answer = ask(at, "GET", f"/inside?to={another_script(at)}")
    assert (answer.status, answer.get("location")) == (200, None), answer
    assert b'"QUERY_STRING": "from=inside"' in answer.body and b'"PATH_INFO": "/seen"' in answer.body


@proves("RFC 3875 §6.2.2; each turn is a process")
def local_redirects_end(at):
    """Local redirects in a circle end with a 5xx."""
    assert ask(at, "GET", f"/round_and_round?to={another_script(at)}").status in (500, 502, 508)


@proves("RFC 3875 §5")
def nph(at):
    """A script whose name begins with `nph-` writes the whole answer."""
    own = at if at.server.name == "lighttpd" else Running(at.server, "nph-app.cgi").start()
    try:
        answer = own.ask("GET /nph-app.cgi HTTP/1.1", "HOST")
        assert (answer.status, answer.get("x-own"), answer.body) == (299, "yes", b"nph"), answer
    finally:
        if own is not at:
            own.stop()
            own.clear()


@proves("RFC 3875 §4.3.3")
def head(at):
    """HEAD is answered without the body that the script writes all the same."""
    with at.connect() as wire:
        wire.send("HEAD /app.cgi/body_for_head HTTP/1.1", "HOST")
        assert wire.answer(to_head=True).status == 200
        wire.send("GET /app.cgi/hello HTTP/1.1", "HOST", "Connection: close")
        try:
            assert wire.answer().body == b"hello, world\n"
        except (Closed, ConnectionResetError):
            pass


@proves("RFC 3875 §6.3")
def repeated_fields(at):
    """A field that the script gives twice goes out twice."""
    assert ask(at, "GET", "/two_cookies").all("set-cookie") == ["a=1", "b=2"]


@proves("RFC 3875 §6.2: NL = LF or CRLF")
def line_feeds(at):
    """Lines of the head may end in LF alone."""
    answer = ask(at, "GET", "/line_feeds")
    assert (answer.status, answer.get("x-plain"), answer.body) == (200, "yes", b"body"), answer


@proves("RFC 3875 §6.2; RFC 9110 §15.6.3")
def no_answer(at):
    """A script that prints nothing is a 5xx."""
    assert ask(at, "GET", "/silent").status in (500, 502)


@proves("RFC 3875 §6.3; the first words of a crash are no page")
def broken_head(at):
    """A script whose first line is no field, or whose head breaks off, is a 5xx."""
    for page in ("/headless", "/half_a_head"):
        assert ask(at, "GET", page).status in (500, 502), page


@proves("RFC 9110 §5.1, §5.5; else it is the client's to interpret")
def odd_fields(at):
    """A field name that is no token, and NUL in a value, never reach the wire."""
    for page in ("/odd_name", "/control_in_a_value"):
        answer = ask(at, "GET", page)
        names = [name for name, _ in answer.headers]
        values = [value for _, value in answer.headers]
        assert "X(y) z" not in names and not any("\0" in value for value in values), answer


@proves("RFC 3875 §6.3.4, RFC 9110 §7.6.1")
def hop_by_hop(at):
    """`Transfer-Encoding`, `Connection` and `Keep-Alive` of the script are not the connection's."""
    answer = ask(at, "GET", "/hop_by_hop")
    assert answer.status >= 500 or answer.body == b"5\r\nhello\r\n0\r\n\r\n", answer
    assert answer.get("keep-alive") is None, answer.headers


@proves("RFC 9112 §6.3; half an answer must not look whole")
def short_answer(at):
    """A script that promises more bytes than it writes has its connection closed."""
    try:
        answer = ask(at, "GET", "/short")
    except (Closed, ConnectionResetError):
        return
    assert answer.status >= 500 or not answer.whole, answer


@proves("RFC 9112 §6.3; bytes beyond the length would be read as the next answer")
def long_answer(at):
    """A script that writes more bytes than it promised has no byte of them on the wire."""
    with at.connect() as wire:
        wire.send("GET /app.cgi/long HTTP/1.1", "HOST")
        wire.send("GET /app.cgi/hello HTTP/1.1", "HOST", "Connection: close")
        try:
            answer = wire.answer()
            assert answer.status >= 500 or b"12345".startswith(answer.body), answer
            assert wire.answer().body == b"hello, world\n"
        except (Closed, ConnectionResetError):
            pass


@proves("RFC 3875 §6.1; a script that fills a pipe nobody reads would hang for ever")
def complaints(at):
    """A mebibyte on standard error neither stops the script nor reaches the client."""
    assert ask(at, "GET", "/complains").body == b"answered"


@proves("RFC 3875 §4.2: a script need not read its input")
def unread_input(at):
    """A script that leaves its input alone still has its answer sent."""
    body = bytes(1 << 20)
    assert ask(at, "POST", "/leaves_input", f"Content-Length: {len(body)}", body=body).body == b"unread"


@proves("RFC 3875 §6.1")
def large_answer(at):
    """An answer of 4 MiB arrives whole."""
    answer = ask(at, "GET", "/large")
    assert answer.whole and answer.body == b"x" * (4 << 20)


# The process


def gone(at, page: str, name: str):
    with at.connect() as wire:
        wire.send(f"GET /app.cgi/{page}?id={name} HTTP/1.1", "HOST")
        wire.until(b"begun")
        pid = int(at.notes(name)[0])
        wire.reset()
    at.until(lambda: has_ended(pid), "the script runs on")


def has_ended(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


@proves("RFC 3875 §3.4: a server may end it; abandoned processes would pile up")
def ends_when_nobody_reads(at):
    """A script that writes on ends soon after the client went away."""
    gone(at, "goes_on", "writes-on")


@proves("RFC 3875 §3.4: a server may end it; abandoned processes would pile up")
def ends_when_it_is_silent(at):
    """A script that says nothing more ends soon after the client went away, too."""
    gone(at, "sleeps", "sleeps")
