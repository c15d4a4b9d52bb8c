"""An S3 server of our own for benchmarks and tests: moto's, on loopback, reached over HTTP by the real client.

How it differs from the real service stands in docs/scale.md.
"""

from __future__ import annotations

import http.client
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import obstore
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

__all__ = ["ACCESS", "BUCKET", "SECRET", "Bucket", "s3_server"]

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
        """What the client needs to reach it."""
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
        """Put an object there."""
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
        """Remove an object."""
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
