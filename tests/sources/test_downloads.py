"""What `fetch` does with a real server on the loopback address that misbehaves in every way we know of."""

import datetime
import hashlib
import ipaddress
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gans.base.errors import InputError
from gans.sources.downloads import fetch

CONTENT = b"PK" + random.Random(0).randbytes(299_998)
OTHER = b"PK" + random.Random(1).randbytes(299_998)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CUT = 100_000  # bytes sent before a server of ours cuts or stalls


class Server(ThreadingHTTPServer):
    """Serves `content` with Range and If-Range; `answers` replace that, one a request, the last for ever if told."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.etag, self.closing = CONTENT, '"first"', threading.Event()
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
    content, etag, request = handler.server.content, handler.server.etag, handler.headers
    first = int((request["Range"] or "bytes=0-")[len("bytes=") : -1])
    if not first or request["If-Range"] not in (None, etag):
        handler.answer(200, content, ETag=etag)
    elif first >= len(content):
        handler.answer(416, ETag=etag, Content_Range=f"bytes */{len(content)}", Content_Type="text/html")
    else:
        part = f"bytes {first}-{len(content) - 1}/{len(content)}"
        handler.answer(206, content[first:], ETag=etag, Content_Range=part)


def whole(handler: Handler) -> None:
    """Answer as a server that knows no Range."""
    handler.answer(200, handler.server.content)


def cut(handler: Handler) -> None:
    """Promise everything, send the first CUT bytes and close."""
    content = handler.server.content
    handler.answer(200, content[:CUT], Content_Length=str(len(content)), ETag=handler.server.etag)


def stalled(handler: Handler) -> None:
    """Send as `cut` does, then leave the connection open and silent."""
    cut(handler)
    handler.server.closing.wait(5)


def status(code: int, **headers: str) -> Answer:
    return lambda handler: handler.answer(code, b"<html>no</html>", Content_Type="text/html", **headers)


def quota_page(handler: Handler) -> None:
    handler.answer(200, b"<html>Too many users have viewed this file</html>", Content_Type="text/html; charset=utf-8")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


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
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "raw" / "img.zip"


def get(server: Server, destination: Path, **options: object) -> None:
    """Fetch CONTENT with waits that suit a test."""
    defaults = {"sha256": SHA256, "size": len(CONTENT), "starts_with": b"PK", "backoff_s": 0.01, "timeout_s": 5.0}
    fetch(server.url, destination, **(defaults | options))  # type: ignore[arg-type]


def refusal(server: Server, destination: Path, **options: object) -> str:
    """Return the one line with which a fetch fails."""
    with pytest.raises(InputError) as caught:
        get(server, destination, **options)
    line = str(caught.value)
    assert "\n" not in line
    assert str(destination) in line
    assert line.count("data.root") == 1
    return line


def part(destination: Path) -> Path:
    return destination.with_name(destination.name + ".part")


def beside(destination: Path) -> list[str]:
    """Return the names in the destination's folder."""
    return sorted(path.name for path in destination.parent.iterdir())


def test_a_file_arrives_whole_with_nothing_beside_it(server: Server, destination: Path) -> None:
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert beside(destination) == ["img.zip"]
    assert server.ranges == [None]


def test_neither_size_nor_first_bytes_need_be_known(server: Server, destination: Path) -> None:
    get(server, destination, size=None, starts_with=b"", sha256=SHA256.upper())
    assert destination.read_bytes() == CONTENT


def test_a_right_file_in_place_costs_no_request(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(CONTENT)
    get(server, destination)
    assert server.requests == []


def test_a_cut_connection_is_resumed_where_it_broke(server: Server, destination: Path) -> None:
    server.answers = [cut]
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={CUT}-"]
    assert server.requests[1]["If-Range"] == '"first"'


def test_a_later_run_continues_an_earlier_one(server: Server, destination: Path) -> None:
    server.answers = [cut]
    assert "rerun to continue at 100kB" in refusal(server, destination, attempts=1)
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={CUT}-"]


def test_another_url_does_not_continue_the_part(server: Server, destination: Path) -> None:
    server.answers = [cut]
    refusal(server, destination, attempts=1)
    fetch(server.url + "?mirror", destination, sha256=SHA256)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, None]


def test_a_part_without_its_source_is_not_continued(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    part(destination).write_bytes(b"PK of another time")
    get(server, destination)
    assert server.ranges == [None]


def test_a_server_that_ignores_range_starts_over(server: Server, destination: Path) -> None:
    server.answers = [cut, whole]
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={CUT}-"]


def test_content_that_changed_between_tries_starts_over(server: Server, destination: Path) -> None:
    def old(handler: Handler) -> None:
        handler.answer(200, OTHER[:CUT], Content_Length=str(len(OTHER)), ETag='"older"')

    server.answers = [old]
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert [request["If-Range"] for request in server.requests] == [None, '"older"']


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Range": f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}", "ETag": '"first"'},
        {"Content_Range": f"bytes {CUT}-{len(CONTENT) - 1}/{len(CONTENT)}", "ETag": '"other"'},
        {"Content_Range": "nonsense", "ETag": '"first"'},
        {},
    ],
    ids=["another-place", "another-version", "nonsense", "missing"],
)
def test_a_206_that_does_not_fit_is_not_appended(server: Server, destination: Path, headers: dict[str, str]) -> None:
    server.answers = [cut, lambda handler: handler.answer(206, CONTENT[CUT:][::-1], **headers)]
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={CUT}-", None]


def test_a_weak_etag_gives_way_to_the_date_in_if_range(server: Server, destination: Path) -> None:
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    answer = {"Content_Length": str(len(CONTENT)), "ETag": 'W/"1"', "Last_Modified": date}
    server.answers = [lambda handler: handler.answer(200, CONTENT[:CUT], **answer), whole]
    get(server, destination)
    assert server.requests[1]["If-Range"] == date


def test_a_short_206_is_followed_by_another(server: Server, destination: Path) -> None:
    def few(handler: Handler) -> None:
        handler.answer(206, CONTENT[CUT : CUT + 5], Content_Range=f"bytes {CUT}-{CUT + 4}/{len(CONTENT)}")

    server.answers = [cut, few]
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={CUT}-", f"bytes={CUT + 5}-"]


def leave_part(server: Server, destination: Path, content: bytes) -> None:
    """Leave the .part of a run that was killed once it held this content."""
    server.answers = [cut]
    refusal(server, destination, attempts=1)
    part(destination).write_bytes(content)
    server.requests.clear()


def test_a_complete_part_of_known_size_is_published_without_a_request(server: Server, destination: Path) -> None:
    leave_part(server, destination, CONTENT)
    get(server, destination)
    assert beside(destination) == ["img.zip"]
    assert server.requests == []


def test_a_416_that_says_the_part_is_whole_is_verified_and_published(server: Server, destination: Path) -> None:
    leave_part(server, destination, CONTENT)
    get(server, destination, size=None)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(CONTENT)}-"]


def test_a_416_for_a_part_too_long_starts_over(server: Server, destination: Path) -> None:
    leave_part(server, destination, CONTENT + b"more")
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(CONTENT) + 4}-", None]


def test_retry_after_is_honoured_on_429(server: Server, destination: Path) -> None:
    server.answers = [status(429, Retry_After="1")]
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert 1.0 <= server.times[1] - server.times[0] < 3.0


def test_a_retry_after_that_is_a_date_is_no_obstacle(server: Server, destination: Path) -> None:
    server.answers = [status(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")]
    get(server, destination)
    assert destination.read_bytes() == CONTENT


def test_an_hour_of_retry_after_is_cut_to_the_longest_wait(
    server: Server, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gans.sources.downloads.LONGEST_WAIT_S", 0.05)
    server.answers = [status(429, Retry_After="3600")]
    get(server, destination)
    assert destination.read_bytes() == CONTENT


def test_the_pause_doubles_with_each_try(server: Server, destination: Path) -> None:
    server.answers = [status(500)] * 3
    get(server, destination, backoff_s=0.05)
    pauses = [later - earlier for earlier, later in zip(server.times, server.times[1:], strict=False)]
    assert [pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2), strict=True)] == [True] * 3
    assert sum(pauses) < 2


def test_a_503_is_tried_again(server: Server, destination: Path) -> None:
    server.answers = [status(503)]
    get(server, destination)
    assert destination.read_bytes() == CONTENT


def test_503_for_ever_ends_in_one_line_and_keeps_the_part(server: Server, destination: Path) -> None:
    server.answers, server.for_ever = [cut], status(503)
    line = refusal(server, destination, attempts=3)
    assert "503" in line
    assert "100kB" in line
    assert len(server.requests) == 3
    assert part(destination).read_bytes() == CONTENT[:CUT]
    assert not destination.exists()


@pytest.mark.parametrize("code", [403, 404, 204])
def test_what_will_not_change_is_asked_for_once(server: Server, destination: Path, code: int) -> None:
    server.for_ever = status(code)
    assert str(code) in refusal(server, destination)
    assert len(server.requests) == 1


def test_a_redirect_is_followed(server: Server, destination: Path) -> None:
    server.answers = [status(302, Location="/elsewhere.zip")]
    get(server, destination)
    assert destination.read_bytes() == CONTENT


@pytest.mark.parametrize("place", ["file:///etc/hostname", "http://[bad/", "/img.zip"])
def test_a_redirect_that_leads_nowhere_is_one_line(server: Server, destination: Path, place: str) -> None:
    server.for_ever = status(302, Location=place)
    assert server.url in refusal(server, destination)


def test_a_quota_page_is_refused_and_leaves_nothing(server: Server, destination: Path) -> None:
    server.for_ever = quota_page
    assert "web page" in refusal(server, destination, size=None, starts_with=b"")
    assert beside(destination) == []
    assert len(server.requests) == 1


def test_a_quota_page_does_not_cost_what_was_received(server: Server, destination: Path) -> None:
    server.answers = [cut, quota_page]
    refusal(server, destination)
    assert part(destination).read_bytes() == CONTENT[:CUT]


def test_content_that_does_not_begin_as_expected_is_refused(server: Server, destination: Path) -> None:
    server.content = b"<!" + CONTENT[2:]
    line = refusal(server, destination)
    assert "b'<!'" in line
    assert "b'PK'" in line
    assert beside(destination) == []


def test_another_length_is_refused_before_anything_is_kept(server: Server, destination: Path) -> None:
    line = refusal(server, destination, size=7)
    assert "the server has 300,000 bytes, expected 7" in line
    assert beside(destination) == []


def test_a_body_without_length_is_stopped_once_too_long(server: Server, destination: Path) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(CONTENT)  # 300 MB, unless the client hangs up

    server.for_ever = endless
    started = time.monotonic()
    assert "bytes with SHA-256" in refusal(server, destination)
    assert beside(destination) == []
    assert time.monotonic() - started < 2
    assert int(re.findall(r"got ([\d,]+) bytes", refusal(server, destination))[0].replace(",", "")) < 1_000_000


def unmeasured(body: bytes) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("ETag", '"first"')
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_size_that_contradicts_the_hash_is_refused(server: Server, destination: Path) -> None:
    server.for_ever = unmeasured(b"abc")
    line = refusal(server, destination, sha256=hashlib.sha256(b"abc").hexdigest(), size=2, starts_with=b"")
    assert "got 3 bytes" in line
    assert "expected 2 bytes" in line
    assert beside(destination) == []


def test_a_body_without_length_that_ends_early_is_resumed(server: Server, destination: Path) -> None:
    server.answers = [unmeasured(CONTENT[:CUT])]
    get(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={CUT}-"]


def test_a_file_larger_than_the_disk_is_refused_at_once(server: Server, destination: Path) -> None:
    server.for_ever = lambda handler: handler.answer(200, CONTENT, Content_Length=str(10**18))
    assert "1,000,000,000,000,000,000 bytes to come" in refusal(server, destination, size=None)
    assert beside(destination) == []


def test_a_wrong_hash_leaves_neither_file_nor_part(server: Server, destination: Path) -> None:
    server.content = OTHER
    line = refusal(server, destination)
    assert SHA256 in line
    assert hashlib.sha256(OTHER).hexdigest() in line
    assert beside(destination) == []
    server.content = CONTENT
    get(server, destination)
    assert destination.read_bytes() == CONTENT


def test_a_stalled_server_is_left_and_resumed(server: Server, destination: Path) -> None:
    server.answers = [stalled]
    started = time.monotonic()
    get(server, destination, timeout_s=0.3)
    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={CUT}-"]
    assert time.monotonic() - started < 2


def test_a_server_that_never_answers_is_left(server: Server, destination: Path) -> None:
    def silent(handler: Handler) -> None:
        handler.server.closing.wait(5)

    server.for_ever = silent
    assert "timed out" in refusal(server, destination, timeout_s=0.1, attempts=2)
    assert len(server.requests) == 2


def test_a_body_cut_within_its_first_bytes_is_completed(server: Server, destination: Path) -> None:
    server.answers = [lambda handler: handler.answer(200, b"P", Content_Length=str(len(CONTENT)), ETag='"first"')]
    get(server, destination)
    assert destination.read_bytes() == CONTENT


def test_no_server_at_all_is_one_short_line(server: Server, destination: Path) -> None:
    with pytest.raises(InputError, match=r"Connection refused \(try 2 of 2\); rerun") as caught:
        fetch("http://127.0.0.1:1/img.zip", destination, sha256=SHA256, attempts=2, backoff_s=0.01)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_older_file_is_replaced_only_on_success(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(b"older")
    server.answers = [cut, status(404)]
    refusal(server, destination)
    assert destination.read_bytes() == b"older"
    get(server, destination)
    assert destination.read_bytes() == CONTENT


def test_compression_in_transit_is_declined(server: Server, destination: Path) -> None:
    get(server, destination)
    assert server.requests[0]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "url", ["file:///etc/hostname", "ftp://127.0.0.1/img.zip", "img.zip", "http://", "http://[bad/"]
)
def test_an_address_that_is_not_http_is_refused(destination: Path, url: str) -> None:
    with pytest.raises(InputError, match="address") as caught:
        fetch(url, destination, sha256=SHA256)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_one_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("a file where the folder should be")
    assert "File exists" in refusal(server, tmp_path / "raw" / "img.zip")
    assert server.requests == []


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


def test_https_is_not_redirected_to_plain_http(
    server: Server, destination: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with serving(context) as secure:
        secure_url = secure.url.replace("http:", "https:")
        secure.answers = [ranged, status(302, Location=server.url)]
        fetch(secure_url, destination, sha256=SHA256)
        destination.unlink()
        with pytest.raises(InputError, match="redirect"):
            fetch(secure_url, destination, sha256=SHA256, backoff_s=0.01)
    assert server.requests == []
    assert not destination.exists()
