"""Downloads that end in exactly the expected bytes, or in one line that says what to do."""

import hashlib
import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from gans.base import publishing
from gans.base.errors import InputError
from gans.base.progress import progress_bar

CHUNK_BYTES = 1 << 18


class Published(NamedTuple):
    """Where a file is published, and its hash in hexadecimal digits: SHA-256, or MD5 where no other is known."""

    url: str
    sha256: str = ""
    md5: str = ""


def gather(files: Mapping[str, Published], folder: Path, kept: Path) -> None:
    """Make `folder` hold these files, and nothing else; raise InputError when that cannot be done.

    A file that lies in `kept` from an earlier time, and is still right, is not fetched again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.iterdir():
        if leftover.name.removesuffix(".part") not in files:  # what there is of a download is worth keeping
            publishing.remove(leftover)
    for name, published in files.items():
        if (kept / name).is_file() and not (folder / name).exists():
            shutil.copyfile(kept / name, folder / name)
        fetch(published.url, folder / name, sha256=published.sha256, md5=published.md5)


def fetch(
    url: str,
    destination: Path,
    *,
    sha256: str = "",
    md5: str = "",
    attempts: int = 5,
    timeout_s: float = 30.0,
    backoff_s: float = 1.0,
    by_hand: str = "into a folder and set data.root",
) -> None:
    """Make `destination` hold exactly the bytes with this SHA-256, or without one with this MD5, from `url`.

    A destination that already does costs no request. What arrives gathers in `<destination>.part`, which a later try
    or a later run continues; an older destination is replaced only by verified bytes. timeout_s bounds each wait for
    the server, not the whole. Raises InputError, one line, when it cannot be done, which tells what to do `by_hand`.
    """
    part, expected = destination.with_name(f"{destination.name}.part"), (sha256 or md5).lower()
    algorithm, name = ("sha256", "SHA-256") if sha256 else ("md5", "MD5")
    try:
        if destination.exists() and _hash_of(destination, algorithm) == expected:
            return
        destination.parent.mkdir(parents=True, exist_ok=True)
        older = part.exists()  # an earlier run's, and perhaps of another file
        found = _hash_of(part, algorithm) if older else None
        while found != expected:
            _complete(part, url, attempts, timeout_s, backoff_s)
            found, length = _hash_of(part, algorithm), _length(part)
            if found != expected:
                part.unlink()
                if not older:
                    line = f"got {length:,} bytes with {name} {found}, expected {expected}; rerun to start over"
                    raise InputError(line)
                older = False
        publishing.become(part, destination)
    except (InputError, OSError) as error:  # of the local disk: the network's are caught where they arise
        remedy = "" if isinstance(error, InputError) else "; mend that and rerun"
        line = f"{url} -> {destination}: {error}{remedy}, or download it by hand {by_hand}"
        raise InputError(" ".join(line.split())) from error


def _complete(part: Path, url: str, attempts: int, timeout_s: float, backoff_s: float) -> None:
    """Complete `part` in at most so many tries, the pause between them doubling from backoff_s."""
    with requests.Session() as session:  # which knows http:// and https:// alone, in redirects too
        if url.lower().startswith("https:"):
            session.adapters.pop("http://")
        for attempt in range(1, attempts + 1):
            try:
                return _receive(part, url, session, timeout_s)
            except InputError:
                raise
            except (requests.ConnectionError, requests.Timeout, HTTPError) as error:
                if attempt == attempts:
                    cause = error.args[0] if error.args else error
                    found = f"{getattr(cause, 'reason', cause)} (try {attempt} of {attempts})"
                    raise InputError(
                        f"{found}; rerun to continue at {tqdm.format_sizeof(_length(part), 'B')}"
                    ) from error
                time.sleep(backoff_s * 2 ** (attempt - 1))
            except (requests.RequestException, ValueError) as error:
                raise InputError(f"this address, or a redirect's, cannot be used ({error}); correct it") from error


def _receive(part: Path, url: str, session: requests.Session, timeout_s: float) -> None:
    """Add to `part` what it lacks; raise ConnectionError when a later try may do better."""
    offset = _length(part)
    headers = {"Accept-Encoding": "identity"}  # offsets and SHA-256 count the file's own bytes
    if offset:
        headers["Range"] = f"bytes={offset}-"
    with session.get(url, headers=headers, stream=True, timeout=timeout_s) as response:
        status, found = response.status_code, f"the server answered {response.status_code} {response.reason}"
        placed = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if status == 429 or status >= 500:
            raise requests.ConnectionError(found)
        if offset and (status == 416 or (status == 206 and not (placed and int(placed[1]) == offset))):
            part.unlink()
            raise requests.ConnectionError(f"the server cannot continue at byte {offset:,}")
        if status != 200 and not (offset and status == 206):
            raise InputError(f"{found}, expected 200 OK; correct the address")
        if response.headers.get("Content-Type", "").lower().startswith("text/html"):  # what was received is kept
            raise InputError("the server sent a web page (a quota or log-in page?), not the file; rerun later")
        resumed = placed if status == 206 else None  # 200 is the whole: Range was not asked for, or ignored
        total = int(resumed[2] if resumed else response.headers.get("Content-Length", 0))
        free = shutil.disk_usage(part.parent).free
        if total - offset > free:
            raise InputError(f"{total - offset:,} bytes to come, {free:,} free on the disk; free some space and rerun")
        done = offset if resumed else 0
        with part.open("ab" if resumed else "wb") as file, progress_bar(total, part.stem, "B", done) as bar:
            while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))
        if _length(part) < total:
            raise requests.ConnectionError(f"the server stopped before byte {total:,}")


def _hash_of(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
