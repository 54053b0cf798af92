"""Small repositories with Git and DVC, and commands in them."""

import io
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from conftest import run

from gans.pages import revision


def done(folder: Path, *commands: str) -> None:
    """Run commands as a shell reads them, and see that each goes well."""
    for command in commands:
        found = run(folder, *shlex.split(command))
        assert found.returncode == 0, found.stdout + found.stderr


def begun(folder: Path, branch: str) -> Path:
    """Return a folder that has become a repository in which a branch has no commit yet."""
    done(folder, f"git init -q -b {branch}", "git config user.name tests", "git config user.email tests@localhost")
    done(folder, "dvc init -q")
    return folder


def called(folder: Path, main: Callable[[], None], *words: str) -> subprocess.CompletedProcess[str]:
    """Call the `main` of a program with a command line, as `run` would, but without a second of imports."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with chdir(folder), redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", ["main", *words]):
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
            print(end.code, file=err)
        finally:
            revision._files.cache_clear()
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())
