"""What `fetch` does with a server that misbehaves in every way we know of."""

import hashlib
import random
from pathlib import Path

import pytest
from server import (
    CONTENT,
    CUT,
    SHA256,
    Answer,
    Handler,
    Server,
    cut,
    ranged,
    self_signed,
    serving,
    silent,
    stalled,
    status,
    whole,
)
from server import server as server  # a fixture

from gans.base.errors import InputError
from gans.sources.downloads import fetch

OTHER = b"PK" + random.Random(1).randbytes(299_998)
REST = f"bytes={CUT}-"  # what is asked for after a cut


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "raw" / "img.zip"


@pytest.fixture
def part(destination: Path) -> Path:
    """Where what has been received waits; its folder is there, as after an earlier run."""
    destination.parent.mkdir()
    return destination.with_name("img.zip.part")


def get(server: Server, destination: Path, **options: object) -> None:
    """Fetch CONTENT with waits that suit a test."""
    defaults = {"sha256": SHA256, "backoff_s": 0.01, "timeout_s": 5.0}
    fetch(server.url, destination, **(defaults | options))  # type: ignore[arg-type]


def check(destination: Path) -> None:
    """Check that CONTENT has arrived, with nothing beside it."""
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


def refusal(server: Server, destination: Path, **options: object) -> str:
    """Return the one line with which a fetch fails."""
    with pytest.raises(InputError) as caught:
        get(server, destination, **options)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{server.url} -> {destination}: ")
    assert line.count("data.root") == 1
    return line


@pytest.mark.parametrize("sha256", [SHA256, SHA256.upper()])
def test_a_file_arrives_whole_with_nothing_beside_it(server: Server, destination: Path, sha256: str) -> None:
    get(server, destination, sha256=sha256)
    check(destination)
    assert server.ranges == [None]
    assert server.requests[0]["Accept-Encoding"] == "identity"  # compression would change what is counted


@pytest.mark.parametrize("name", ["img.zip", "img.zip.part"])
def test_what_is_whole_already_costs_no_request(server: Server, destination: Path, part: Path, name: str) -> None:
    part.with_name(name).write_bytes(CONTENT)
    get(server, destination)
    check(destination)
    assert server.requests == []


def short(handler: Handler) -> None:
    """Send five bytes of the rest."""
    handler.answer(206, CONTENT[CUT : CUT + 5], Content_Range=f"bytes {CUT}-{CUT + 4}/{len(CONTENT)}")


def ill_fitting(**headers: str) -> Answer:
    return lambda handler: handler.answer(206, CONTENT[CUT:][::-1], **headers)


@pytest.mark.parametrize(
    ("answers", "ranges"),
    [
        ([cut], [None, REST]),
        ([stalled], [None, REST]),
        ([cut, short], [None, REST, f"bytes={CUT + 5}-"]),
        ([cut, whole], [None, REST]),
        ([cut, ill_fitting(Content_Range=f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}")], [None, REST, None]),
        ([cut, ill_fitting(Content_Range="nonsense")], [None, REST, None]),
        ([cut, ill_fitting()], [None, REST, None]),
        ([status(503)], [None, None]),
        ([status(429)], [None, None]),
        ([status(302, Location="/elsewhere.zip")], [None, None]),
    ],
    ids=[
        "cut",
        "stalled",
        "short-206",
        "ignores-range",
        "another-place",
        "nonsense",
        "no-place",
        "503",
        "429",
        "redirect",
    ],
)
def test_a_file_arrives_whole_in_the_end(
    server: Server, destination: Path, answers: list[Answer], ranges: list[str | None]
) -> None:
    server.answers = list(answers)
    get(server, destination, timeout_s=1.0)
    check(destination)
    assert server.ranges == ranges


def test_a_later_run_continues_an_earlier_one(server: Server, destination: Path) -> None:
    server.answers = [cut]
    assert "rerun to continue at 100kB" in refusal(server, destination, attempts=1)
    get(server, destination)
    check(destination)
    assert server.ranges == [None, REST]


@pytest.mark.parametrize("older", [OTHER[:CUT], CONTENT + b"more"], ids=["another-file", "too-long"])
def test_a_part_of_another_time_that_is_wrong_is_fetched_anew(
    server: Server, destination: Path, part: Path, older: bytes
) -> None:
    part.write_bytes(older)
    get(server, destination)
    check(destination)
    assert server.ranges == [f"bytes={len(older)}-", None]


def another(handler: Handler) -> None:
    handler.answer(200, OTHER)


def changed(handler: Handler) -> None:
    """Send the beginning of what the server had before."""
    handler.answer(200, OTHER[:CUT], Content_Length=str(len(OTHER)))


@pytest.mark.parametrize(
    ("older", "answers", "found"),
    [
        (b"", [another], OTHER),
        (OTHER[:CUT], [another, another], OTHER),
        (b"", [changed, ranged], OTHER[:CUT] + CONTENT[CUT:]),
    ],
    ids=["another-file", "another-twice", "changed-meanwhile"],
)
def test_a_wrong_hash_leaves_neither_file_nor_part(
    server: Server, destination: Path, part: Path, older: bytes, answers: list[Answer], found: bytes
) -> None:
    if older:
        part.write_bytes(older)
    server.answers = list(answers)
    got = (
        f"got {len(found):,} bytes with SHA-256 {hashlib.sha256(found).hexdigest()}, expected {SHA256}; rerun to start"
    )
    assert got in refusal(server, destination)
    assert list(destination.parent.iterdir()) == []
    assert len(server.requests) == len(answers)
    get(server, destination)
    check(destination)


def test_a_web_page_in_the_files_place_costs_nothing_of_what_was_received(
    server: Server, destination: Path, part: Path
) -> None:
    """As a server sends it whose quota is used up: with status 200, whatever was asked for."""
    part.write_bytes(CONTENT[:CUT])
    server.answers = [status(200, Content_Type="text/html; charset=utf-8")]
    assert "the server sent a web page (a quota or log-in page?), not the file; rerun later" in refusal(
        server, destination
    )
    assert part.read_bytes() == CONTENT[:CUT]
    get(server, destination)
    check(destination)


def test_the_pause_doubles_with_each_try(server: Server, destination: Path) -> None:
    server.answers = [status(500)] * 3
    get(server, destination, backoff_s=0.05)
    pauses = [later - earlier for earlier, later in zip(server.times, server.times[1:], strict=False)]
    assert [pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2), strict=True)] == [True] * 3


def test_503_for_ever_ends_in_one_line_and_keeps_the_part(server: Server, destination: Path, part: Path) -> None:
    server.answers, server.for_ever = [cut], status(503)
    line = refusal(server, destination, attempts=3)
    assert "the server answered 503 Service Unavailable (try 3 of 3); rerun to continue at 100kB" in line
    assert len(server.requests) == 3
    assert part.read_bytes() == CONTENT[:CUT]
    assert not destination.exists()


@pytest.mark.parametrize("code", [403, 404, 204, 206])
def test_what_will_not_change_is_asked_for_once(server: Server, destination: Path, code: int) -> None:
    server.for_ever = status(code)
    assert f"the server answered {code} " in refusal(server, destination)
    assert len(server.requests) == 1


@pytest.mark.parametrize("place", ["file:///etc/hostname", "http://[bad/", "/img.zip"])
def test_a_redirect_that_leads_nowhere_is_one_line(server: Server, destination: Path, place: str) -> None:
    server.for_ever = status(302, Location=place)
    assert "redirect" in refusal(server, destination)


def test_a_file_larger_than_the_disk_is_refused_at_once(server: Server, destination: Path) -> None:
    server.for_ever = lambda handler: handler.answer(200, CONTENT, Content_Length=str(10**18))
    assert "1,000,000,000,000,000,000 bytes to come" in refusal(server, destination)
    assert list(destination.parent.iterdir()) == []


def test_a_server_that_never_answers_is_left(server: Server, destination: Path) -> None:
    server.for_ever = silent
    assert "timed out" in refusal(server, destination, timeout_s=0.5, attempts=2)
    assert len(server.requests) == 2


def test_no_server_at_all_is_one_short_line(server: Server, destination: Path) -> None:
    with pytest.raises(InputError, match=r"Connection refused \(try 2 of 2\); rerun") as caught:
        fetch("http://127.0.0.1:1/img.zip", destination, sha256=SHA256, attempts=2, backoff_s=0.01)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_older_file_is_replaced_only_on_success(server: Server, destination: Path, part: Path) -> None:
    destination.write_bytes(b"older")
    server.answers = [cut, status(404)]
    refusal(server, destination)
    assert destination.read_bytes() == b"older"
    get(server, destination)
    check(destination)


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


def test_https_is_not_redirected_to_plain_http(
    server: Server, destination: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    with serving(pem) as secure:
        secure.answers = [ranged, status(302, Location=server.url)]
        get(secure, destination)
        destination.unlink()
        assert "redirect" in refusal(secure, destination)
    assert server.requests == []
    assert not destination.exists()
