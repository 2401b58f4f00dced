"""FastAPI, Starlette and Falcon (of both kinds), used as their users do, with httpx and websockets for clients."""

import json
import os

from behind import HERE, Case
from gateway import until
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

APPS = str(HERE / "frameworks")


class FastAPI(Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve("fastapi_app:app", "--app-dir", APPS, "--max-body", "20000000")
        self.api = self.client(self.server)

    def test_models_are_checked_on_their_way_in(self):
        item, token = {"name": "tea", "price": 2.5, "tags": ["é"]}, {"X-Token": "right"}
        made = self.api.post("/items/7", json=item, headers=token)
        self.assertEqual((made.status_code, made.json()), (201, {"number": 7, "who": "ada", **item}))
        wrong = self.api.post("/items/seven", json={"name": 1}, headers=token)
        self.assertEqual(wrong.status_code, 422)
        places = [tuple(fault["loc"]) for fault in wrong.json()["detail"]]
        self.assertEqual(places, [("path", "number"), ("body", "name"), ("body", "price")])
        self.assertEqual(self.api.post("/items/7", json=item, headers={"X-Token": "x"}).status_code, 403)

    def test_forms_with_files_arrive_whole(self):
        content = os.urandom(3_000_000)
        told = self.api.post("/files", files={"file": ("ü.bin", content)}, data={"note": "here"}).json()
        self.assertEqual(told, {"name": "ü.bin", "size": len(content), "note": "here"})

    def test_its_schema_and_its_page_are_served(self):
        schema = self.api.get("/openapi.json").json()
        self.assertIn("/items/{number}", schema["paths"])
        self.assertIn("swagger-ui", self.api.get("/docs").text)

    def test_events_stream_background_work_is_done_and_an_exception_is_a_500(self):
        with self.api.stream("GET", "/events") as answer:
            self.assertEqual(answer.headers["content-type"], "text/event-stream; charset=utf-8")
            told = [line for line in answer.iter_lines() if line]
        self.assertEqual(told, [f"data: {number}" for number in range(5)])
        self.api.post("/later")
        until(lambda: self.api.get("/done").json() == ["done"])
        self.assertEqual(self.api.get("/broken").status_code, 500)
        self.assertIn("on purpose", self.server.log.read_text())

    def test_a_socket_speaks_json(self):
        with connect(self.server.url.replace("http", "ws") + "/ws/tea", proxy=None) as socket:
            socket.send(json.dumps({"n": 1}))
            self.assertEqual(json.loads(socket.recv()), {"room": "tea", "n": 1})


class Starlette(Case):
    def setUp(self):
        super().setUp()
        self.content = os.urandom(2_000_000)
        (self.folder / "big.bin").write_bytes(self.content)
        self.server = self.serve("starlette_app:app", "--app-dir", APPS, "--max-body", "20000000")
        self.site = self.client(self.server)

    def test_state_of_lifespan_and_middleware(self):
        answer = self.site.get("/state")
        self.assertEqual((answer.json(), answer.headers["x-stamp"]), (42, "stamped"))

    def test_files_whole_in_ranges_and_not_again(self):
        for path in ("/file", "/static/big.bin"):
            plain = {"Accept-Encoding": "identity"}
            answer = self.site.get(path, headers=plain)
            self.assertEqual((answer.content, answer.headers["content-length"]), (self.content, "2000000"))
            part = self.site.get(path, headers={**plain, "Range": "bytes=100-199"})
            self.assertEqual((part.status_code, part.content), (206, self.content[100:200]))
            tag = answer.headers["etag"]
            self.assertEqual(self.site.head(path, headers=plain).headers["etag"], tag)
        self.assertEqual(self.site.get("/static/big.bin", headers={"If-None-Match": tag}).status_code, 304)

    def test_a_body_streams_in(self):
        told = self.site.post("/body", content=iter([b"x" * 100_000] * 100)).json()
        self.assertEqual(told, {"size": 10_000_000, "client": "127.0.0.1", "url": self.server.url + "/body"})

    def test_a_stream_without_end_ends_with_its_client(self):
        with self.site.stream("GET", "/forever", headers={"Accept-Encoding": "identity"}) as answer:
            self.assertEqual(next(answer.iter_lines()), "tick")
        until(lambda: self.site.get("/left").json() == ["left"])

    def test_sockets_with_a_subprotocol_and_a_denial(self):
        url = self.server.url.replace("http", "ws")
        with connect(url + "/echo", subprotocols=["other", "echo"], proxy=None) as socket:
            self.assertEqual(socket.subprotocol, "echo")
            for text in ("one", "ä" * 50_000):
                socket.send(text)
                self.assertEqual(socket.recv(), text.upper())
        with self.assertRaises(InvalidStatus) as caught:
            connect(url + "/keep-out", proxy=None)
        self.assertEqual((caught.exception.response.status_code, caught.exception.response.body), (402, b"not today"))


class FalconOnWsgi(Case):
    app, interface = "falcon_apps:on_wsgi", "wsgi"

    def setUp(self):
        super().setUp()
        self.server = self.serve(self.app, "--app-dir", APPS, "--interface", self.interface)
        self.site = self.client(self.server)

    def test_media_cookies_and_errors(self):
        answer = self.site.get("/things/t%C3%A9a?a=1&a=2", headers={"User-Agent": "test"})
        self.assertEqual(answer.json(), {"name": "téa", "query": {"a": ["1", "2"]}, "agent": "test"})
        made = self.site.post("/things/tea", json={"a": [1]})
        self.assertEqual((made.status_code, made.json()), (201, {"name": "tea", "media": {"a": [1]}}))
        wrong = self.site.delete("/things/tea")
        self.assertEqual((wrong.status_code, wrong.json()["title"]), (409, "Still needed"))
        self.assertEqual(self.site.get("/nothing").status_code, 404)
        self.assertIn("seen=yes", self.site.get("/things/tea").headers["set-cookie"])

    def test_streams_both_ways(self):
        self.assertEqual(self.site.get("/streams").text.split(), [str(number) for number in range(1000)])
        self.assertEqual(self.site.put("/streams", content=b"x" * 1_000_000).json(), 1_000_000)


class FalconOnAsgi(FalconOnWsgi):
    app, interface = "falcon_apps:on_asgi", "asgi"

    def test_events_and_a_socket(self):
        with self.site.stream("GET", "/events") as answer:
            told = [line for line in answer.iter_lines() if line.startswith("data")]
        self.assertEqual(told, [f'data: {{"n": {number}}}' for number in range(3)])
        with connect(self.server.url.replace("http", "ws") + "/events", proxy=None) as socket:
            socket.send("straw")
            self.assertEqual(socket.recv(), "warts")
