"""Downloads that end in exactly the expected bytes, or in one line that says what to do."""

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from gans.base.artefacts import sha256_of
from gans.base.errors import InputError
from gans.base.progress import progress_bar

CHUNK_BYTES = 1 << 18
LONGEST_WAIT_S = 60.0  # between two tries, whatever Retry-After asks for


def fetch(
    url: str,
    destination: Path,
    *,
    sha256: str,
    size: int | None = None,
    starts_with: bytes = b"",
    attempts: int = 5,
    timeout_s: float = 30.0,
    backoff_s: float = 1.0,
    by_hand: str = "into a folder and set data.root",
) -> None:
    """Make `destination` hold exactly the bytes with this SHA-256, from `url`.

    A destination that already does costs no request. What arrives gathers in `<destination>.part`, which a later try
    or a later run continues; an older destination is replaced only by verified bytes. timeout_s bounds each wait for
    the server, not the whole. Raises InputError, one line, when it cannot be done, which tells what to do `by_hand`.
    """
    download = Download(url, destination, sha256.lower(), size, starts_with, timeout_s, by_hand)
    try:
        if destination.exists() and sha256_of(destination) == download.sha256:
            return
        destination.parent.mkdir(parents=True, exist_ok=True)
        download.receive_all(attempts, backoff_s)
        download.publish()
    except OSError as error:  # of the local disk: the network's are caught where they arise
        raise download.failure(str(error), "mend that and rerun") from error


@dataclass(eq=False)
class TryAgainError(Exception):
    """A try failed as a later one, after at least wait_s, may not."""

    found: str
    wait_s: float = 0.0


@dataclass(frozen=True)
class Download:
    """A file on its way: its bytes gather in `.part`, their URL and validator stand in `.part.source`."""

    url: str
    destination: Path
    sha256: str
    size: int | None
    starts_with: bytes
    timeout_s: float
    by_hand: str

    @property
    def part(self) -> Path:
        """The file of the bytes received so far."""
        return self.destination.with_name(self.destination.name + ".part")

    @property
    def source(self) -> Path:
        """The file of two lines, the URL of the .part and its validator (may be empty)."""
        return self.destination.with_name(self.destination.name + ".part.source")

    def failure(self, found: str, remedy: str) -> InputError:
        """Return the error whose one line tells the user what was found and what to do."""
        instead = f"or download it by hand {self.by_hand}"
        return InputError(" ".join(f"{self.url} -> {self.destination}: {found}; {remedy}, {instead}".split()))

    def received(self) -> tuple[int, str]:
        """Return how many bytes of the .part can be continued, and the validator they came with ("": none)."""
        if not (self.part.is_file() and self.source.is_file()):
            return 0, ""
        url, _, validator = self.source.read_text("utf-8", "replace").partition("\n")
        return (self.part.stat().st_size, validator) if url == self.url else (0, "")

    def discard(self) -> None:
        """Forget what was received."""
        self.part.unlink(missing_ok=True)
        self.source.unlink(missing_ok=True)

    def receive_all(self, attempts: int, backoff_s: float) -> None:
        """Complete the .part in at most so many tries, the pause doubling from backoff_s to LONGEST_WAIT_S."""
        with requests.Session() as session:  # which knows http:// and https:// alone, in redirects too
            if self.url.lower().startswith("https:"):
                session.adapters.pop("http://")
            for attempt in range(1, attempts + 1):
                try:
                    return self.receive(session)
                except TryAgainError as trouble:
                    if attempt == attempts:
                        place = tqdm.format_sizeof(self.received()[0], "B")
                        found = f"{trouble.found} (try {attempt} of {attempts})"
                        raise self.failure(found, f"rerun to continue at {place}") from trouble
                    time.sleep(min(max(backoff_s * 2 ** (attempt - 1), trouble.wait_s), LONGEST_WAIT_S))

    def receive(self, session: requests.Session) -> None:
        """Add to the .part what it lacks; raise TryAgainError when a later try may do better."""
        offset, validator = self.received()
        if offset and offset == self.size:
            return
        headers = {"Accept-Encoding": "identity"}  # offsets and SHA-256 count the file's own bytes
        if offset:
            headers |= {"Range": f"bytes={offset}-"} | ({"If-Range": validator} if validator else {})
        try:
            with session.get(self.url, headers=headers, stream=True, timeout=self.timeout_s) as response:
                self.refuse_status(response, offset)
                start, total = self.place(response, offset, validator)
                if response.status_code != 416:  # a 416 that passed: the .part is already whole
                    self.refuse_content(response, total)
                    self.keep(response, start, self.size if total is None else total)
        except InputError:
            raise
        except (requests.ConnectionError, requests.Timeout, HTTPError) as error:
            cause = error.args[0] if error.args else error
            raise TryAgainError(str(getattr(cause, "reason", cause))) from error
        except (requests.RequestException, ValueError) as error:
            raise self.failure(f"this address, or a redirect's, cannot be used ({error})", "correct it") from error

    def refuse_status(self, response: requests.Response, offset: int) -> None:
        """Raise unless the status is 200, or the 206 or 416 that a request for the bytes from offset may get."""
        found = f"the server answered {response.status_code} {response.reason}"
        if response.status_code == 429 or response.status_code >= 500:
            asked = response.headers.get("Retry-After", "")
            raise TryAgainError(found, float(asked) if asked.isdecimal() else 0.0)
        if response.status_code not in ((200, 206, 416) if offset else (200,)):
            raise self.failure(f"{found}, expected 200 OK", "correct the address")

    def place(self, response: requests.Response, offset: int, validator: str) -> tuple[int, int | None]:
        """Return where in the file the body begins, and the whole file's length (None: not told)."""
        if response.status_code == 200:  # the whole: Range was not asked for, or ignored, or the content changed
            length = response.headers.get("Content-Length", "")
            return 0, int(length) if length.isdecimal() else None
        told = response.headers.get("Content-Range", "")
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)" if response.status_code == 206 else r"bytes \*/((\d+))", told)
        if match and int(match[1]) == offset and validator_of(response) in ("", validator):
            return offset, int(match[2])
        self.discard()
        raise TryAgainError(f"the server cannot continue at byte {offset:,} (Content-Range: {told or 'none'})")

    def refuse_content(self, response: requests.Response, total: int | None) -> None:
        """Raise when the headers already tell that this is not the file, or that it has no room."""
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise self.failure("the server sent a web page (a quota or log-in page?), not the file", "rerun later")
        if total is not None and self.size not in (None, total):
            raise self.failure(f"the server has {total:,} bytes, expected {self.size:,}", "correct the address")
        missing = (total or self.size or 0) - (self.part.stat().st_size if self.part.exists() else 0)
        free = shutil.disk_usage(self.part.parent).free
        if missing > free:
            raise self.failure(f"{missing:,} bytes to come, {free:,} free on the disk", "free some space and rerun")

    def keep(self, response: requests.Response, start: int, total: int | None) -> None:
        """Write the body into the .part from `start` on, which is 0 or the .part's length."""
        head = b"" if start else response.raw.read(len(self.starts_with), decode_content=False)
        if head != self.starts_with[: len(head)]:
            raise self.failure(f"the content begins with {head!r}, expected {self.starts_with!r}", "rerun later")
        if start == 0:
            self.part.write_bytes(b"")  # emptied before its source changes: the two never disagree
            self.source.write_text(f"{self.url}\n{validator_of(response)}", "utf-8")
        with self.part.open("ab") as file, progress_bar(total or 0, self.destination.name, "B") as bar:
            bar.initial = bar.n = start
            chunk = head or response.raw.read1(CHUNK_BYTES, decode_content=False)
            while chunk and (total is None or file.tell() <= total):  # publish() refuses a body too long
                file.write(chunk)
                bar.update(len(chunk))
                chunk = response.raw.read1(CHUNK_BYTES, decode_content=False)
        if self.received()[0] < (total or 0):
            raise TryAgainError(f"the server stopped before byte {total:,}")

    def publish(self) -> None:
        """Rename the .part to the destination when its size and SHA-256 are right; discard it otherwise."""
        length, found = self.part.stat().st_size, sha256_of(self.part)
        if (length, found) != (self.size or length, self.sha256):
            self.discard()
            expected = f"{self.size or length:,} bytes with {self.sha256}"
            raise self.failure(f"got {length:,} bytes with SHA-256 {found}, expected {expected}", "rerun to start over")
        with self.part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(self.part, self.destination)
        self.source.unlink(missing_ok=True)


def validator_of(response: requests.Response) -> str:
    """Return what If-Range may carry (RFC 9110, 13.1.5): the strong ETag, else the date of the last change, else ""."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
