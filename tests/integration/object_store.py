"""The S3 server of the tests, which the benchmarks use too, and a proxy before it that does harm."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from benchmarks.scale.object_store import ACCESS, BUCKET, SECRET, Bucket, s3_server

__all__ = ["ACCESS", "BUCKET", "SECRET", "Bucket", "Harm", "proxy", "s3_server"]

Harm = Callable[[str, str], int | None]
"""Asked for the method and path of each request: a status to answer with, 0 to hang up half-way, None for no harm."""


@contextmanager
def proxy(endpoint: str, harm: Harm) -> Iterator[str]:
    """A server before the other one, which does harm to some requests; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]

        def do_GET(self) -> None:
            done = harm("GET", self.path)
            if done:
                self.answer(done, {}, b"<Error><Code>InternalError</Code></Error>")
                return
            upstream = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=30)
            upstream.request("GET", self.path, headers=dict(self.headers.items()))
            answer = upstream.getresponse()
            body = answer.read()
            upstream.close()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            if done == 0:
                self.send_response(answer.status)
                for name, value in kept.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
                return
            self.answer(answer.status, kept, body)

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_HOP = {"connection", "content-length", "date", "server", "transfer-encoding"}
