"""An S3 server on loopback for tests: moto's, reached over HTTP by the real client, and a proxy that does harm.

How it differs from the real service stands in docs/scale.md.
"""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import obstore
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

ACCESS = "INVENTED" + "0000"
SECRET = "an-invented" + "-key"  # pragma: allowlist secret
BUCKET = "pages"


@dataclass(slots=True)
class Bucket:
    """A bucket of the server, written by the same client that reads it."""

    endpoint: str
    store: Any = field(init=False)

    def __post_init__(self) -> None:
        self.store = S3Store(BUCKET, **self.options())

    def options(self) -> dict[str, Any]:
        return {
            "endpoint": self.endpoint,
            "access_key_id": ACCESS,
            "secret_access_key": SECRET,
            "region": "us-east-1",
            "client_options": {"allow_http": True},
        }

    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }

    def put(self, key: str, data: bytes | str) -> None:
        obstore.put(self.store, key, data.encode() if isinstance(data, str) else data)

    def put_raw(self, key: str, data: bytes = b"") -> None:
        """An object whose key the client would not write: `key` is quoted for a URL already."""
        self._ask("PUT", f"/{BUCKET}/{key}", data)

    def empty(self) -> None:
        """Forget all that the server holds, and make the bucket anew."""
        self._ask("POST", "/moto-api/reset")
        self._ask("PUT", f"/{BUCKET}")

    def _ask(self, method: str, path: str, body: bytes = b"") -> None:
        connection = http.client.HTTPConnection(self.endpoint.removeprefix("http://"), timeout=10)
        connection.request(method, path, body=body)
        assert connection.getresponse().status == 200
        connection.close()

    def delete(self, key: str) -> None:
        obstore.delete(self.store, key)


@contextmanager
def s3_server() -> Iterator[Bucket]:
    """A server of its own, with an empty bucket, for as long as the context lasts."""
    log = logging.getLogger("werkzeug")
    before = log.level
    log.setLevel(logging.ERROR)  # a line a request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        bucket = Bucket(f"http://{host}:{port}")
        bucket.empty()
        yield bucket
    finally:
        server.stop()
        log.setLevel(before)


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
