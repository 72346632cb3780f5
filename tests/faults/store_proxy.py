"""Between the sink and the store: passes HTTP on, slowly or not at all when it is told so."""

from __future__ import annotations

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})
_TIMEOUT = 60.0


class StoreProxy:
    """Listens on a free port of 127.0.0.1 and passes on to `target`. From any thread.

    delay: seconds that every insert takes longer. refusals: how many inserts from now on are answered with an error.
    stalled: how many inserts from now on are written, and their answer is then lost.
    """

    def __init__(self, target: int) -> None:
        self.delay = 0.0
        self.refusals = 0
        self.stalled = 0
        self.refused = 0
        self.lost = 0
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._pass_on(self._body())

            def do_GET(self) -> None:
                self._pass_on(b"")

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                pieces = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)

            def _pass_on(self, body: bytes) -> None:
                word = proxy.judge(b"INSERT" in body[:1000].upper() or "INSERT" in self.path.upper())
                if word == "refuse":
                    self._answer(
                        500, {"X-ClickHouse-Exception-Code": "241"}, b"Code: 241. DB::Exception: (test)"
                    )
                    return
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
                there = http.client.HTTPConnection("127.0.0.1", target, timeout=_TIMEOUT)
                try:
                    there.request(self.command, self.path, body, headers)
                    answer = there.getresponse()
                    said, told = dict(answer.getheaders()), answer.read()
                except (OSError, http.client.HTTPException):
                    self.close_connection = True  # the sink sees what it would see without us: nobody there
                    return
                finally:
                    there.close()
                if word == "lose":
                    self.close_connection = True
                    return
                self._answer(answer.status, said, told)

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in _HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def judge(self, insert: bool) -> str:
        """What is done with a request: `pass`, `refuse`, or `lose` its answer."""
        if not insert:
            return "pass"
        if self.delay:
            time.sleep(self.delay)
        with self._lock:
            if self.refusals:
                self.refusals -= 1
                self.refused += 1
                return "refuse"
            if self.stalled:
                self.stalled -= 1
                self.lost += 1
                return "lose"
        return "pass"

    def stop(self) -> None:
        """The end."""
        self._server.shutdown()
        self._server.server_close()
