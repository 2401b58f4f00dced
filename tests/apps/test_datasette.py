"""datasette over a real SQLite file: its pages, its JSON and its streams say what the file holds."""

import csv
import io
import sqlite3

from behind import Case

APP = """
from datasette.app import Datasette

app = Datasette(["shop.db"], settings={"max_returned_rows": 100}).app()
"""


class Tables(Case):
    def setUp(self):
        super().setUp()
        self.rows = [(number, f"thing {number}", ["red", "green", "blau ü"][number % 3]) for number in range(1, 2501)]
        with sqlite3.connect(self.folder / "shop.db") as file:
            file.execute("create table things (id integer primary key, name text, colour text)")
            file.executemany("insert into things values (?, ?, ?)", self.rows)
        file.close()
        self.file("table_app.py", APP)
        self.shop = self.client(self.serve("table_app:app", "--app-dir", str(self.folder)), follow_redirects=True)

    def test_its_pages_show_the_database_the_table_and_a_row(self):
        self.assertIn("shop", self.shop.get("/").text)
        table = self.shop.get("/shop/things")
        self.assertIn("2,500 rows", table.text)
        self.assertIn("thing 17", self.shop.get("/shop/things/17").text)
        self.assertEqual(self.shop.get("/shop/nothing").status_code, 404)

    def test_its_json_has_the_rows_facets_and_the_next_page(self):
        told = self.shop.get("/shop/things.json?_facet=colour&_size=20&_shape=objects").json()
        self.assertEqual([row["name"] for row in told["rows"]], [name for _, name, _ in self.rows[:20]])
        counts = {facet["value"]: facet["count"] for facet in told["facet_results"]["colour"]["results"]}
        self.assertEqual(counts, {"red": 833, "green": 834, "blau ü": 833})
        after = self.shop.get(told["next_url"]).json()
        self.assertEqual(after["rows"][0]["id"], 21)

    def test_a_query_of_ones_own_is_answered_and_a_write_refused(self):
        query = {"sql": "select count(*) as n from things where colour = :c", "c": "blau ü", "_shape": "array"}
        self.assertEqual(self.shop.get("/shop.json", params=query).json(), [{"n": 833}])
        refused = self.shop.get("/shop.json", params={"sql": "delete from things"})
        self.assertEqual(refused.status_code, 400)

    def test_its_csv_streams_every_row(self):
        text = self.shop.get("/shop/things.csv?_stream=on").text
        read = list(csv.reader(io.StringIO(text)))[1:]
        self.assertEqual(read, [[str(number), name, colour] for number, name, colour in self.rows])

    def test_its_files_arrive_whole(self):
        page = self.shop.get("/")
        style = self.shop.get("/-/static/app.css")
        self.assertEqual(len(style.content), int(style.headers.get("content-length", len(style.content))))
        self.assertIn("app.css", page.text)
        self.assertGreater(len(style.content), 10_000)
