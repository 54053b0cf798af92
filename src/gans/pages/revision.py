"""What Git and DVC hold of a revision, and which one the files at hand are."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gans.base.errors import InputError

CODE = ("src", "stages", "params.yaml", "dvc.yaml")  # what decides results
EXPECTED = "expected a branch, tag, commit or experiment: see git branch -a, dvc exp show"
Diff = Mapping[str, Mapping[str, Mapping[str, Any]]]  # by file and key: what is "old" and what is "new"


def checked_out() -> str:
    """Return the commit checked out here, and whether code or settings differ from it; `unknown` outside of Git."""
    commit = git("rev-parse", "--short=12", "HEAD")
    if commit is None:
        return "unknown"
    return commit.decode().strip() + (", with changes not committed then" if edited() else "")


def edited() -> bool:
    """Return whether code or settings here are others than those of the commit that is checked out."""
    return bool(git("status", "--porcelain", "--untracked-files=all", "--", *CODE))


def described(commit: str) -> str:
    """Return a commit as a person would name it: its short name, its day and its subject."""
    name, day, subject = (
        (git("show", "-s", "--format=%h%n%cs%n%s", commit) or b"\n\n").decode(errors="replace").split("\n")[:3]
    )
    return f"commit {name} of {day}: {subject}"


def label_of(rev: str, commit: str) -> str:
    """Return `rev` where it is short and plain enough for tables and legends, else the short `commit`."""
    return rev if re.fullmatch(r"[A-Za-z0-9][\w./~^-]{0,23}", rev) and rev != "workspace" else commit


def commit_of(rev: str) -> str:
    """Return the hash of the commit that `rev` names; raise InputError where there is none or not one."""
    if not Path(".dvc").is_dir() or git("rev-parse", "--git-dir") is None:
        raise InputError("not a Git and DVC repository; run from the repository's root, where .dvc lies")
    if rev.startswith("-"):
        raise InputError(f"REV is {rev!r}: that is an option; {EXPECTED}")
    named = experiments(rev)
    if (sha := git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")) is None:
        if len(named) > 1:
            raise InputError(f"REV is {rev!r}: {len(named)} experiments have this name; give a commit")
        sha = git("rev-parse", "--verify", "--quiet", named[0]) if named else None
    if sha is None:
        raise InputError(f"REV is {rev!r}: no such revision; {EXPECTED}")
    return sha.decode().strip()


def experiments(name: str) -> list[str]:
    """Return the references of the experiments with a name: refs/exps/ab/cdef.../NAME, one a commit they began at."""
    found = (git("for-each-ref", "--format=%(refname)", "refs/exps") or b"").decode().split()
    return [reference for reference in found if reference.split("/")[4:] == [name]]


def content(commit: str, path: Path) -> bytes | None:
    """Return the content that a commit has of a file, in Git or in DVC's cache; None where it is not at hand."""
    try:
        found: bytes = _files(commit).read_bytes(path.as_posix())
    except Exception:  # DVC raises half a dozen kinds where something is not there
        return None
    return found


@cache
def _files(commit: str) -> Any:
    """Return the files of a commit as Git and DVC know them; to open them takes half a second."""
    from dvc.api import DVCFileSystem  # type: ignore[import-untyped]

    return DVCFileSystem(rev=commit)


def dvc(*words: str) -> tuple[Any, list[str]]:
    """Return DVC's answer in JSON and its warnings; raise InputError with its own line where it failed."""
    done = subprocess.run([sys.executable, "-m", "dvc", *words], capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith(("ERROR", "WARNING", "DVC "))]
    if done.returncode:
        raise InputError(f"dvc {' '.join(words)} failed: {(lines or ['it does not say why'])[0]}")
    return json.loads(done.stdout), lines


def git(*words: str) -> bytes | None:
    """Return what Git printed, or None where it failed."""
    done = subprocess.run(["git", "--no-optional-locks", *words], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None
