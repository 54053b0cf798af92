"""A server on the loopback address that misbehaves in every way we know of."""

import hashlib
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

CONTENT = b"PK" + random.Random(0).randbytes(299_998)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CUT = 100_000  # bytes sent before a server of ours cuts or stalls


class Server(ThreadingHTTPServer):
    """Serves `content` with Range; `answers` replace that, one a request, and `for_ever` those that come after."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.closing = CONTENT, threading.Event()
        self.answers: list[Answer] = []
        self.for_ever: Answer = ranged
        self.requests: list[Message] = []
        self.times: list[float] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/img.zip"

    @property
    def ranges(self) -> list[str | None]:
        """The Range header of each request so far."""
        return [request["Range"] for request in self.requests]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when the client hangs up, as it should on a body that it refuses."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(self.headers)
        self.server.times.append(time.monotonic())
        (self.server.answers.pop(0) if self.server.answers else self.server.for_ever)(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send the status, the headers (`_` for `-`) and the body; Content-Length is the body's unless given."""
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests quiet."""


Answer = Callable[[Handler], None]


def ranged(handler: Handler) -> None:
    """Answer as a good server does."""
    content = handler.server.content
    first = int((handler.headers["Range"] or "bytes=0-")[len("bytes=") : -1])
    if not first:
        handler.answer(200, content)
    elif first >= len(content):
        handler.answer(416, Content_Range=f"bytes */{len(content)}")
    else:
        handler.answer(206, content[first:], Content_Range=f"bytes {first}-{len(content) - 1}/{len(content)}")


def whole(handler: Handler) -> None:
    """Answer as a server that knows no Range."""
    handler.answer(200, handler.server.content)


def cut(handler: Handler) -> None:
    """Promise everything, send the first CUT bytes and close."""
    content = handler.server.content
    handler.answer(200, content[:CUT], Content_Length=str(len(content)))


def stalled(handler: Handler) -> None:
    """Send as `cut` does, then leave the connection open and silent."""
    cut(handler)
    silent(handler)


def silent(handler: Handler) -> None:
    handler.server.closing.wait(5)


def status(code: int, **headers: str) -> Answer:
    return lambda handler: handler.answer(code, b"<html>no</html>", **headers)


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    with Server() as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as server:
        yield server
