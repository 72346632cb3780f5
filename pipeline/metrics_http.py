"""`/metrics` and `/health` of a process, from a thread of its own: they answer even when the process is stuck."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

from pipeline.health import Verdict
from pipeline.metrics import Meter

_PATIENCE = 10.0
"""Seconds that a client may take over its request."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    meter: Meter
    verdict: Callable[[], Verdict]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE

    def do_GET(self) -> None:
        """Answers one request."""
        if self.path == "/metrics":
            self._answer(200, "text/plain; version=0.0.4; charset=utf-8", self.server.meter.text())
        elif self.path == "/health":
            verdict = self.server.verdict()
            self._answer(200 if verdict.ok else 503, "application/json", msgspec.json.encode(verdict))
        else:
            self._answer(404, "text/plain", b"/metrics and /health are here\n")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are no news."""


def serve(host: str, port: int, meter: Meter, verdict: Callable[[], Verdict]) -> str:
    """Listens until the process ends; `host:port` as it turned out. A port that is taken is replaced by a free one.

    Raises:
        OSError: the host is none of this machine's.
    """
    try:
        server = _Server((host, port), _Handler)
    except OSError:
        server = _Server((host, 0), _Handler)
    server.meter, server.verdict = meter, verdict
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return f"{server.server_address[0]!s}:{server.server_address[1]}"
