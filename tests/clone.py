"""A repository with this checkout's files and a small params.yaml, for tests that type commands in it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from dvc.utils.serialize import modify_yaml
from filelock import FileLock

ENTRY = re.compile("zoo/[^/]+/")  # what lies in the folder of one
LONGEST_S = 1200.0  # that a command may take

# A run of seconds: params.yaml with these values, otherwise as committed.
SMALL = {
    "image_size": 16,
    "width": 4,
    "nz": 8,
    "epochs": 2,
    "batch_size": 16,
    "data.num_toyfaces": 320,
    "sample.progress_frames": 4,
    "evaluate.every_epochs": 1,
    "seeds": 2,
    "classifier.epochs": 1,
    "lessons": [],
    "codes.nz": [2, 3],
    "codes.epochs": 1,
    "codes.width": 4,
    "gaussian.steps": 30,
    "gaussian.seeds": 2,
}


@dataclass
class Workspace:
    """A clone in which commands are typed."""

    folder: Path

    def run(self, *words: str, check: bool = True) -> str:
        """Return what a command printed."""
        with self.start(*words) as command:
            output = command.communicate(timeout=LONGEST_S)[0]
        assert not check or command.returncode == 0, output
        return output

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command, in a group of its own as from a terminal; what it prints can be read at its end."""
        return subprocess.Popen(
            words,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def experiment(self, *options: str, words: Sequence[str] = (), check: bool = True) -> str:
        """Return what an experiment with some settings of its own printed."""
        return self.run("dvc", "exp", "run", *words, *with_settings(options), check=check)

    def commit(self) -> None:
        """Commit all that there is."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message=all")

    @property
    def environment(self) -> dict[str, str]:
        """Return the test's own, in which its interpreter is found first, as with `make`."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "default"}
        # Without SHELL DVC takes /bin/sh, which need not be bash. The clone's own bytecode may lie in it.
        for name in ("DVC_ROOT", "PYTHONPATH", "SHELL", "PYTHONDONTWRITEBYTECODE"):
            environment.pop(name, None)
        return environment

    def json(self, path: str) -> dict[str, object]:
        values: dict[str, object] = json.loads((self.folder / path).read_text())
        return values

    def lock(self) -> dict[str, dict[str, object]]:
        stages: dict[str, dict[str, object]] = yaml.safe_load((self.folder / "dvc.lock").read_text())["stages"]
        return stages


def with_settings(options: Sequence[str]) -> list[str]:
    return [word for option in options for word in ("-S", option)]


def stages_run(output: str) -> list[str]:
    """Return the stages that DVC says it ran."""
    return re.findall(r"Running stage '([^']+)'", output)


def write_params(folder: Path, changes: dict[str, object]) -> None:
    """Set values in params.yaml as DVC sets them: comments and order stay."""
    with modify_yaml(folder / "params.yaml") as values:
        for key, value in changes.items():
            *sections, last = key.split(".")
            section = values
            for name in sections:
                section = section[name]
            section[last] = value


def cloned(
    folder: Path, changes: dict[str, object] | None = None, entry: str = "", cache: Path | None = None
) -> Workspace:
    """Return a repository in `folder`, with SMALL and `changes` in its params.yaml, in which nothing has run.

    Of the zoo, which is most of the bytes, it has one `entry` at most; and not the committed dvc.lock, which DVC would
    read and write again after each stage. What has run in the repository of a `cache` DVC takes from there.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        wanted = name != "dvc.lock" and (not ENTRY.match(name) or name.startswith(f"zoo/{entry}/"))
        if (ROOT / name).is_file() and wanted:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    write_params(folder, {**SMALL, **(changes or {})})
    if cache:
        shutil.copytree(cache, folder / ".dvc/cache")
    clone = Workspace(folder)
    clone.run("git", "init", "--quiet", "--initial-branch=main")
    clone.run("git", "config", "user.email", "tests@localhost")
    clone.run("git", "config", "user.name", "tests")
    clone.commit()
    return clone


@pytest.fixture(scope="session")
def prepared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of a repository in which all that comes before a training has run, once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "prepared"
    with FileLock(shared / "prepared.lock"):
        if not folder.exists():
            shutil.rmtree(shared / "preparing", ignore_errors=True)  # of a worker that failed
            clone = cloned(shared / "preparing")
            output = clone.run("dvc", "repro", "reference")
            assert set(stages_run(output)) == {"download", "preprocess", "classifier", "reference"}
            (clone.folder / ".dvc/cache").rename(folder)
            shutil.rmtree(clone.folder)
    return folder
