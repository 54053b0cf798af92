"""Servers on the loopback address: one that misbehaves in every way we know of, and one that shares a folder."""

import datetime
import hashlib
import ipaddress
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import pytest

CONTENT = b"PK" + random.Random(0).randbytes(299_998)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
Running = TypeVar("Running", bound=ThreadingHTTPServer)
CUT = 100_000  # bytes sent before a server of ours cuts or stalls


class Server(ThreadingHTTPServer):
    """Serves `content` with Range; `answers` replace that, one a request, and `for_ever` those that come after."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        self.content, self.closing = CONTENT, threading.Event()
        self.answers: list[Answer] = []
        self.for_ever: Answer = ranged
        self.requests: list[Message] = []
        self.times: list[float] = []

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/img.zip"

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
def threaded(server: Running) -> Iterator[Running]:
    """Run a server for as long as the body takes."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(pem: Path | None = None) -> Iterator[Server]:
    """Run a Server, with https and the key and certificate in `pem` if given."""
    server = Server()
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket, server.scheme = context.wrap_socket(server.socket, server_side=True), "https"
    with threaded(server):
        try:
            yield server
        finally:
            server.closing.set()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as server:
        yield server


def self_signed(folder: Path) -> Path:
    """Return a PEM file with a new key and a certificate for 127.0.0.1."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    pem = folder / "loopback.pem"
    pem.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, no_password) + certificate.public_bytes(encoding)
    )
    return pem


@dataclass
class Shelf:
    """A folder on a server, and the requests that it has answered."""

    folder: Path
    url: str = ""
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    shelf = Shelf(tmp_path / "server")
    shelf.folder.mkdir()

    class Logged(SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            shelf.requests.append(self.path)

    with threaded(ThreadingHTTPServer(("127.0.0.1", 0), partial(Logged, directory=str(shelf.folder)))) as http:
        shelf.url = f"http://127.0.0.1:{http.server_port}/"
        yield shelf
