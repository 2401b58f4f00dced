"""curl and httpx against `enfilade run MODULE:APP`: apps in Python, from their import to their end.

    ASGI, WSGI, a factory ─▶ who asks, by which protocol     does not import ─▶ exit code 70 and a traceback
    --reload ─▶ an edited file is served                     Ctrl-C ─▶ what runs is answered, what is registered is run
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

import httpx
from demo import BINARY, PATIENCE
from gateway import Case, Gateway, until

# Both say what they are told, as JSON.
SHOP = '''
import atexit, json, os, threading, time


def wsgi(environ, start_response):
    """The environ, but for what is no text."""
    start_response("200 OK", [("Content-Type", "application/json")])
    told = {name: value for name, value in environ.items() if isinstance(value, (str, bool))}
    return [json.dumps({**told, "thread": threading.current_thread() is threading.main_thread()}).encode()]


def make_wsgi():
    return wsgi


async def asgi(scope, receive, send):
    """The scope, with the fields' names and values as text."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("the lifespan is over")
        return await send({"type": "lifespan.shutdown.complete"})
    body = b""
    while (event := await receive())["type"] == "http.request":
        body += event["body"]
        if not event["more_body"]:
            break
    told = {name: scope.get(name) for name in ["type", "http_version", "path", "root_path", "state", "extensions"]}
    told["headers"] = [[name.decode(), value.decode()] for name, value in scope["headers"]]
    told["body"] = body.decode()
    told["thread"] = threading.current_thread() is threading.main_thread()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def wait_for_go():
    while not os.path.exists("go"):
        time.sleep(0.02)


def slow(environ, start_response):
    """Answers when the test lets it, or on any other path."""
    if environ["PATH_INFO"] == "/slow":
        open("begun", "a").close()
        wait_for_go()
    start_response("200 OK", [])
    return [b"done"]


async def slow_asgi(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    if scope["path"] == "/slow":
        import asyncio
        open("begun", "a").close()
        while not os.path.exists("go"):
            await asyncio.sleep(0.02)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})


def hangs(environ, start_response):
    open("begun", "a").close()
    while True:
        time.sleep(0.1)


@atexit.register
def over():
    print("the program is over")
'''

# Every spelling by which a client could hope to be somebody.
FORGED = [
    "Remote-User",
    "Remote_User",
    "REMOTE_USER",
    "Remote.User",
    "X-Remote-User",
    "Auth-Type",
    "AUTH_TYPE",
    "X-Forwarded-User",
]

def linked() -> bool:
    """Whether this build can serve apps in Python."""
    done = subprocess.run([BINARY, "run", "no_such_module:app"], capture_output=True, text=True, timeout=PATIENCE)
    return "--features python" not in done.stderr


class Shop(Case):
    @classmethod
    def setUpClass(cls):
        if not linked():
            raise unittest.SkipTest("built without the feature `python`")

    def setUp(self):
        super().setUp()
        self.file("shop.py", SHOP)

    def told(self, gateway: Gateway, *arguments: str, path: str = "/") -> dict:
        status, answer = gateway.curl(*arguments, path=path)
        self.assertEqual(status, 200, answer)
        return json.loads(answer)


class Kinds(Shop):
    def test_an_app_is_told_apart_by_its_looks_and_served_over_both_protocols(self):
        for app, kind in [("shop:asgi", "ASGI"), ("shop:wsgi", "WSGI"), ("shop:make_wsgi()", "WSGI")]:
            with self.subTest(app=app):
                gateway = self.run_app(app)
                version = ".".join(map(str, sys.version_info[:2]))
                self.assertIn(f"{app} ({kind} on Python {version}", gateway.said("app"))
                for option, protocol in [("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")]:
                    told = self.told(gateway, option, path="/a%20b")
                    self.assertTrue(told["thread"], "it runs on Python's main thread")
                    if kind == "ASGI":
                        self.assertEqual((told["path"], told["http_version"]), ("/a b", protocol))
                    else:
                        # PEP 3333 knows what CGI knows: HTTP/2 is HTTP/2.0 there.
                        self.assertEqual(told["PATH_INFO"], "/a b")
                        self.assertTrue(told["SERVER_PROTOCOL"].startswith(f"HTTP/{protocol}"), told)
                        self.assertFalse(told["wsgi.multithread"])
                self.assertEqual(gateway.stop(), 0)

    def test_an_interface_can_be_forced(self):
        self.file("plain.py", "def app(*arguments):\n    return [str(len(arguments)).encode()]\n")
        self.assertIn("(ASGI", self.run_app("plain:app", "--interface", "asgi").said("app"))
        self.assertIn("(WSGI", self.run_app("plain:app").said("app"))

    def test_a_factory_that_is_not_called_is_no_app(self):
        status, answer = self.run_app("shop:make_wsgi").curl()
        self.assertEqual(status, 500)
        self.assertIn("wsgi.app-failed", answer)

    def test_it_answers_below_its_path(self):
        for app, path, rest in [("shop:wsgi", "SCRIPT_NAME", "PATH_INFO"), ("shop:asgi", "root_path", "path")]:
            with self.subTest(app=app):
                gateway = self.run_app(app, "--script-name", "/shop")
                told = self.told(gateway, path="/shop/cart")
                self.assertEqual(told[path], "/shop")
                self.assertEqual(told[rest], "/cart" if rest == "PATH_INFO" else "/shop/cart")
                self.assertEqual(gateway.curl(path="/other")[0], 404)

    def test_its_folder_may_be_another_one(self):
        self.file("below/cart.py", "from shelf import wsgi")
        self.file("below/shelf.py", SHOP)
        self.assertEqual(self.told(self.run_app("cart:wsgi", "--app-dir", "below"))["PATH_INFO"], "/")

    def test_bodies_arrive(self):
        told = self.told(self.run_app("shop:asgi"), "--data-binary", "tea")
        self.assertEqual(told["body"], "tea")

    def test_packages_of_a_virtual_environment_are_found(self):
        # This very interpreter is one's; httpx is in no other place.
        self.file("uses.py", "import httpx\nfrom shop import wsgi")
        self.assertTrue(self.told(self.run_app("uses:wsgi", "--venv", sys.prefix))["thread"])

    def test_threads_answer_at_once_what_one_thread_would_answer_in_turn(self):
        gateway = self.run_app("shop:slow", "--threads", "4")
        self.assertIn("4 threads", gateway.said("app"))
        with httpx.Client(base_url=gateway.url, trust_env=False, timeout=PATIENCE) as client:
            waiting = [threading.Thread(target=client.get, args=["/slow"]) for _ in range(3)]
            for thread in waiting:
                thread.start()
            until((self.folder / "begun").exists)
            self.assertEqual(client.get("/").text, "done")
            (self.folder / "go").touch()
            for thread in waiting:
                thread.join(PATIENCE)


class Users(Shop):
    def test_who_proves_to_be_somebody_is_the_apps_user_and_no_header_can_say_it(self):
        for app in ["shop:wsgi", "shop:asgi"]:
            gateway = self.run_app(app, "--auth", "demo")
            name, password, _ = gateway.said("user").split()
            for version in ["--http1.1", "--http2-prior-knowledge"]:
                with self.subTest(app=app, version=version):
                    self.assertEqual(gateway.curl(version)[0], 401)
                    for forged in FORGED:
                        field = ["-H", f"{forged}: forged"]
                        self.assertEqual(gateway.curl(version, *field)[0], 401, forged)
                        told = self.told(gateway, version, *field, "-u", f"{name}:{password}")
                        self.assertNotIn("forged", json.dumps(told), forged)
                        self.assert_user(told, app, name, "Basic")
                    bearer = ["-H", f"Authorization: Bearer {gateway.said('token')}"]
                    self.assert_user(self.told(gateway, version, *bearer), app, "robot", "Bearer")
            self.assertEqual(gateway.stop(), 0)
            self.assertNotIn(password, gateway.log.read_text())

    def test_without_auth_everybody_is_nobody_and_the_log_says_so_once(self):
        for app in ["shop:wsgi", "shop:asgi"]:
            gateway = self.run_app(app)
            for forged in FORGED:
                with self.subTest(app=app, forged=forged):
                    told = self.told(gateway, "-H", f"{forged}: forged", "-u", "ada:x")
                    self.assertNotIn("forged", json.dumps(told))
                    self.assert_user(told, app, None, None)
            self.assertEqual(gateway.stop(), 0)
            self.assertEqual(gateway.log.read_text().count("no --auth"), 1)

    def assert_user(self, told: dict, app: str, name: str | None, kind: str | None):
        if app == "shop:wsgi":
            self.assertEqual((told.get("REMOTE_USER"), told.get("AUTH_TYPE")), (name, kind))
            return
        principal = told["state"]["principal"]
        self.assertEqual(told["extensions"].get("enfilade.principal"), principal)
        if name is None:
            self.assertIsNone(principal)
        else:
            self.assertEqual((principal["subject"], principal["method"]), (name, kind.lower()))


class Start(Shop):
    def test_an_app_that_raises_when_it_is_imported_is_its_authors_to_mend(self):
        self.file("broken.py", "def load():\n    raise RuntimeError('no stock')\n\nload()\n")
        for app in ["broken:app", "broken:make()"]:
            said = self.refused(app, "--listen", "127.0.0.1:0", code=70)
            self.assertIn("Traceback (most recent call last)", said)
            self.assertIn('broken.py", line 2, in load', said)
            self.assertTrue(said.endswith(f"enfilade: {app}: RuntimeError: no stock\n"), said)

    def test_an_app_that_is_not_there_is_said(self):
        for app, says in [
            ("missing:app", "No module named 'missing'"),
            ("shop:missing", "no attribute 'missing'"),
            ("shop:SHOP.x", "no attribute 'SHOP'"),
            ("shop:json.__name__", "cannot be called"),
            ("shop:make_wsgi(1)", "MODULE:FACTORY()"),
        ]:
            with self.subTest(app=app):
                self.assertIn(says, self.refused(app, "--listen", "127.0.0.1:0", code=70))

    def test_an_app_whose_startup_fails_is_not_served(self):
        self.file("refuses.py", "async def app(scope, receive, send):\n"
                  "    await send({'type': 'lifespan.startup.failed', 'message': 'no stock'})\n")
        self.assertIn("no stock", self.refused("refuses:app", "--listen", "127.0.0.1:0", code=70))

    def test_a_virtual_environment_of_another_python_is_said(self):
        self.file("other/pyvenv.cfg", "home = /usr/bin\nversion = 3.5.2\n")
        for said in [
            self.refused("shop:wsgi", "--venv", "other", "--listen", "127.0.0.1:0"),
            self.refused("shop:wsgi", "--listen", "127.0.0.1:0", VIRTUAL_ENV="other"),
        ]:
            self.assertIn("was made by Python 3.5", said)
            self.assertIn("-m venv", said)
        self.assertIn("no virtual environment in", self.refused("shop:wsgi", "--venv", "none", "--listen", "127.0.0.1:0"))

    def test_options_that_mean_nothing_to_the_app_are_refused(self):
        self.file("show.cgi", "#!/bin/sh\n", 0o755)
        for arguments, says in [
            (["shop:wsgi", "--env", "A=b"], "--env is for CGI scripts"),
            (["shop:wsgi", "--max-running", "2"], "--max-running is for CGI scripts"),
            (["./show.cgi", "--venv", "x"], "--venv is for apps in Python"),
            (["./show.cgi", "--reload"], "--reload is for apps in Python"),
            (["shop:asgi", "--threads", "2"], "--threads is for WSGI apps"),
            (["shop:wsgi", "--script-name", "shop"], "--script-name"),
            (["shop:asgi", "--script-name", "/shop/"], "--script-name"),
        ]:
            with self.subTest(arguments=arguments):
                self.assertIn(says, self.refused(*arguments, "--listen", "127.0.0.1:0"))


class End(Shop):
    def drain(self, app: str, *options: str):
        """What runs when it is told to end is answered, and then what the app has left is done."""
        gateway = self.run_app(app, *options)
        command = ["curl", "-sS", "--max-time", str(PATIENCE), f"{gateway.url}/slow"]
        client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        until((self.folder / "begun").exists)
        gateway.process.send_signal(signal.SIGINT)
        if "--threads" in options or app == "shop:slow_asgi":
            until(lambda: not gateway.listens())
        (self.folder / "go").touch()
        self.assertEqual(client.communicate(timeout=PATIENCE)[0], "done")
        self.assertIn("the program is over", gateway.process.stdout.read())
        self.assertEqual((client.returncode, gateway.process.wait(PATIENCE)), (0, 0))

    def test_a_drain_lets_an_asgi_app_answer(self):
        self.drain("shop:slow_asgi")

    def test_a_drain_lets_a_wsgi_app_answer(self):
        self.drain("shop:slow")

    def test_a_drain_lets_threads_answer(self):
        self.drain("shop:slow", "--threads", "2")

    def test_a_lifespan_has_its_end(self):
        gateway = self.run_app("shop:asgi")
        gateway.process.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.process.stdout.read().split("\n")[-3:], ["the lifespan is over", "the program is over", ""])
        self.assertEqual(gateway.process.wait(PATIENCE), 0)

    def test_an_app_that_never_answers_cannot_keep_the_program(self):
        gateway = self.run_app("shop:hangs")
        command = ["curl", "-s", "--max-time", str(PATIENCE), gateway.url]
        client = subprocess.Popen(command)
        until((self.folder / "begun").exists)
        gateway.process.send_signal(signal.SIGINT)
        # Two that come at once are one.
        time.sleep(0.2)
        gateway.process.send_signal(signal.SIGINT)
        self.assertEqual(gateway.process.wait(PATIENCE), 1)
        self.assertNotEqual(client.wait(PATIENCE), 0)
        self.assertIn("it is cut off", gateway.log.read_text())

    def test_threads_that_never_end_cannot_keep_the_program(self):
        self.file("stuck.py", "import asyncio, threading\nfrom shop import *\nnever = threading.Event()\n"
                  "async def executor(scope, receive, send):\n"
                  "    asyncio.get_running_loop().run_in_executor(None, never.wait)\n    await asgi(scope, receive, send)\n"
                  "def thread(environ, start_response):\n"
                  "    threading.Thread(target=never.wait).start()\n    return wsgi(environ, start_response)\n")
        gateways = []
        for app in ["stuck:executor", "stuck:thread"]:
            gateways.append(gateway := self.run_app(app))
            gateway.log = gateway.log.rename(self.folder / f"{app[6:]}.log")
            self.assertEqual(gateway.curl()[0], 200)
            gateway.process.send_signal(signal.SIGTERM)
        for gateway in gateways:
            self.assertEqual(gateway.process.wait(PATIENCE + 40), 1)
            self.assertIn("do not end: they are cut off", gateway.log.read_text())
        # Once nothing is served any more, a second signal is as deadly as to any program.
        gateway = self.run_app("stuck:thread")
        self.assertEqual(gateway.curl()[0], 200)
        gateway.process.send_signal(signal.SIGTERM)
        until(lambda: not gateway.listens())
        time.sleep(1)
        gateway.process.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(PATIENCE), -signal.SIGTERM)

    def test_signal_handlers_of_the_app_are_kept_and_do_not_stop_the_drain(self):
        self.file("signals.py", "import signal\nfrom shop import *\n"
                  "for name in ['SIGINT', 'SIGTERM', 'SIGUSR1']:\n"
                  "    signal.signal(getattr(signal, name), lambda number, frame, name=name: print('app:', name, flush=True))\n")
        for app in [["signals:asgi"], ["signals:wsgi"], ["signals:wsgi", "--threads", "2"]]:
            for told in [signal.SIGINT, signal.SIGTERM]:
                with self.subTest(app=app, told=told):
                    gateway = self.run_app(*app)
                    gateway.process.send_signal(signal.SIGUSR1)
                    self.assertEqual(next(filter(str.strip, gateway.process.stdout)).strip(), "app: SIGUSR1")
                    gateway.process.send_signal(told)
                    self.assertIn(f"app: {told.name}", gateway.process.stdout.read())
                    self.assertEqual(gateway.process.wait(PATIENCE), 0)


class Reload(Shop):
    def edit(self, text: str):
        """With a time of its own, however coarse the clock of the file system is."""
        path = self.folder / "page.py"
        self.moment = getattr(self, "moment", time.time() - 100) + 1
        path.write_text(text)
        os.utime(path, (self.moment, self.moment))

    def page(self, word: str):
        self.edit(f"def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'{word}']\n")

    def test_an_edited_file_is_served_at_the_same_address(self):
        self.page("one")
        gateway = self.run_app("page:app", "--reload")
        self.assertEqual(gateway.curl(), (200, "one"))
        self.page("two")
        until(lambda: gateway.curl() == (200, "two"))
        # What does not import is not served, and who asks meanwhile waits.
        self.edit("def app(:")
        until(lambda: "SyntaxError" in gateway.log.read_text())
        command = ["curl", "-sS", "--max-time", str(PATIENCE), gateway.url]
        client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.page("three")
        self.assertEqual(client.communicate(timeout=PATIENCE)[0], "three")
        self.assertEqual(gateway.stop(), 0)
        self.assertFalse(gateway.listens())

    def test_it_ends_by_what_a_terminal_sends_to_all(self):
        self.page("one")
        gateway = self.run_app("page:app", "--reload", new_session=True)
        self.assertEqual(gateway.curl(), (200, "one"))
        os.killpg(gateway.process.pid, signal.SIGINT)
        self.assertEqual(gateway.process.wait(PATIENCE), 0)
        self.assertNotIn("server.cut", gateway.log.read_text())
        self.assertFalse(gateway.listens())

    def test_the_app_ends_when_the_watcher_is_killed(self):
        self.page("one")
        gateway = self.run_app("page:app", "--reload")
        gateway.process.kill()
        gateway.process.wait(PATIENCE)
        until(lambda: not gateway.listens())

    def test_what_no_edit_can_mend_ends_it(self):
        self.page("one")
        said = self.refused("page:app", "--reload", "--venv", "none", "--listen", "127.0.0.1:0")
        self.assertIn("no virtual environment in", said)
        self.assertIn("start again", said)
