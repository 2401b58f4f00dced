"""httpbin, a Flask app that tells a client what it sent: behind one thread and behind four."""

import gzip
import json

from behind import Case


class WithOneThread(Case):
    threads = "1"

    def setUp(self):
        super().setUp()
        self.bin = self.client(self.serve("httpbin:app", "--interface", "wsgi", "--threads", self.threads))

    def test_it_sees_the_query_headers_and_address_that_were_sent(self):
        told = self.bin.get("/get?a=1&a=2&b=%C3%A9%20x", headers={"X-One": "1, 2", "Accept": "a/b"}).json()
        self.assertEqual(told["args"], {"a": ["1", "2"], "b": "é x"})
        self.assertEqual((told["headers"]["X-One"], told["headers"]["Accept"]), ("1, 2", "a/b"))
        self.assertEqual(told["origin"], "127.0.0.1")
        self.assertEqual(told["url"], f"{self.bin.base_url}/get?a=1&a=2&b=é%20x")

    def test_it_sees_forms_files_json_and_raw_bodies(self):
        form = {"a": "é", "b": ["1", "2"]}
        self.assertEqual(self.bin.post("/post", data=form).json()["form"], form)
        told = self.bin.post("/post", files={"f": ("name.txt", b"x" * 300_000)}, data={"a": "1"}).json()
        self.assertEqual((told["files"], told["form"]), ({"f": "x" * 300_000}, {"a": "1"}))
        self.assertEqual(self.bin.put("/put", json={"a": [1, None]}).json()["json"], {"a": [1, None]})
        chunked = self.bin.patch("/patch", content=iter([b"one ", b"two"]))
        self.assertEqual(chunked.json()["data"], "one two")
        self.assertEqual(self.bin.delete("/delete").json()["data"], "")

    def test_statuses_redirects_and_cookies(self):
        for code in (204, 304, 418, 503):
            self.assertEqual(self.bin.get(f"/status/{code}").status_code, code)
        self.assertIn("teapot", self.bin.get("/status/418").text)
        moved = self.bin.get("/redirect/3", follow_redirects=True)
        self.assertEqual((moved.status_code, len(moved.history)), (200, 3))
        told = self.bin.get("/cookies/set?a=1&b=2", follow_redirects=True)
        self.assertEqual(told.json()["cookies"], {"a": "1", "b": "2"})
        self.assertEqual(self.bin.get("/response-headers?X-Own=1&X-Own=2").headers.get_list("x-own"), ["1", "2"])

    def test_its_own_basic_auth_still_works_where_the_gateway_asks_for_none(self):
        path = "/basic-auth/ada/right"
        self.assertEqual(self.bin.get(path).status_code, 401)
        self.assertEqual(self.bin.get(path, auth=("ada", "right")).json(), {"authenticated": True, "user": "ada"})

    def test_streams_bytes_ranges_and_codings(self):
        lines = self.bin.get("/stream/20").text.splitlines()
        self.assertEqual([json.loads(line)["id"] for line in lines], list(range(20)))
        self.assertEqual(len(self.bin.get("/stream-bytes/100000?chunk_size=7000").content), 100_000)
        part = self.bin.get("/range/1000", headers={"Range": "bytes=10-19"})
        self.assertEqual((part.status_code, part.text), (206, "klmnopqrst"))
        self.assertEqual(part.headers["content-range"], "bytes 10-19/1000")
        with self.bin.stream("GET", "/gzip") as answer:
            self.assertTrue(json.loads(gzip.decompress(b"".join(answer.iter_raw())))["gzipped"])
        self.assertTrue(self.bin.get("/deflate").json()["deflated"])
        self.assertTrue(self.bin.get("/image/png").content.startswith(b"\x89PNG"))

    def test_a_head_and_an_option_are_answered_without_a_body(self):
        head, get = self.bin.head("/html"), self.bin.get("/html")
        self.assertEqual((head.content, head.headers["content-length"]), (b"", str(len(get.content))))
        self.assertIn("GET", self.bin.options("/get").headers["allow"])


class WithFourThreads(WithOneThread):
    threads = "4"
