"""RFC 6455 and RFC 7692 by kosoku, which plays the Autobahn suite's cases against an echo behind `enfilade run`.

KOSOKU=all plays every compressed case too: a thousand messages each, which takes the suite six minutes
and on a crowded machine an hour.
"""

import asyncio
import os

import kosoku
from behind import HERE, Case

# They fail in the suite itself: where permessage-deflate was agreed on, it takes a message that came uncompressed for text, and
# hashes that. Ours leaves their sixteen bytes as they are, which RFC 7692 lets it (§6.1).
BROKEN = [f"{group}.{kind}.1" for group, kinds in [(12, 5), (13, 7)] for kind in range(1, kinds + 1)]
# Of the compressed cases one of each kind, and one of larger messages. The suite's own work is most of their time.
SOME = [f"{kind}.2" for kind in ("12.1", "12.3", "12.5", "13.1", "13.3", "13.5", "13.7")] + ["12.1.6"]


class Sockets(Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve("asgi_apps:echo", "--app-dir", str(HERE / "small"), "--interface", "asgi")

    def play(self, cases, without, least):
        try:
            results = asyncio.run(self.results(cases, without))
        except kosoku.FailureError as error:
            self.fail(str(error)[:3000])
        self.assertGreaterEqual(len(results), least)

    async def results(self, cases, without) -> list:
        return await kosoku.run_fuzzingclient(self.server.url.replace("http", "ws"), cases, without)

    def test_every_case_of_frames_messages_closes_and_sizes(self):
        self.play(None, ["12.*", "13.*"], 246)

    def test_compressed_messages(self):
        whole = os.environ.get("KOSOKU") == "all"
        self.play(["12.*", "13.*"] if whole else SOME, BROKEN, 200 if whole else len(SOME))
