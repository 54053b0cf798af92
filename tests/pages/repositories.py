"""Small repositories with Git and DVC."""

import shlex
from pathlib import Path

from conftest import run


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
