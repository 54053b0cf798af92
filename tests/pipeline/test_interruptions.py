"""Trainings that DVC runs: stopped, killed, queued, and wanted in another clone."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import chaos
import pytest
import yaml
from clone import LONGEST_S, Workspace, cloned, stages_run, with_settings, write_params
from programs import DEADLINE_S, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, prepared_cache: Path) -> Workspace:
    """A repository in which `dvc repro` has prepared the images."""
    clone = cloned(tmp_path_factory.mktemp("clone") / "gans", cache=prepared_cache)
    clone.run("dvc", "repro", "preprocess")
    clone.commit()
    return clone


# Some seconds of training, and a state every tenth of a second.
LONGER = ("++variants.dcgan.epochs=20", "run.save_seconds=0.1", "seeds=1", "evaluate.every_epochs=null")
SET = with_settings(LONGER)


def until_it_trains(workspace: Workspace, command: subprocess.Popen[str] | None = None) -> Path:
    """Wait until a training of dcgan has saved two states; return its lock, which is there as long as it lives."""
    folder = workspace.folder / "scratch" / "dcgan"
    until(lambda: len(chaos.states(folder)) >= 2, alive=command)
    (lock,) = folder.glob("*.lock")
    return lock


def trained_bytes(lock: dict[str, dict[str, object]]) -> dict[str, str]:
    """Return the hashes of what train@dcgan wrote, but for its timings."""
    outs = lock["train@dcgan"]["outs"]
    assert isinstance(outs, list)
    return {out["path"]: out["md5"] for out in outs if "speed" not in out["path"]}


def refs_of(workspace: Workspace, experiment: str) -> list[str]:
    """Return where Git has an experiment; nowhere, until it has ended well."""
    return workspace.run("git", "for-each-ref", "--format=%(refname)", f"refs/exps/*/*/{experiment}").split()


def lock_of(workspace: Workspace, experiment: str) -> dict[str, dict[str, object]]:
    """Return the stages in the dvc.lock that an experiment has committed."""
    (ref,) = refs_of(workspace, experiment)
    stages: dict[str, dict[str, object]] = yaml.safe_load(workspace.run("git", "show", f"{ref}:dvc.lock"))["stages"]
    return stages


@pytest.fixture(scope="module")
def longer(workspace: Workspace) -> dict[str, str]:
    """What the longer training gives when nothing disturbs it: from a copy, so that no cache knows of it."""
    copy = Workspace(workspace.folder.with_name("undisturbed"))
    shutil.copytree(workspace.folder, copy.folder, symlinks=True)
    output = copy.run("dvc", "exp", "run", *SET, "train@dcgan")
    assert "going on after step" not in output
    found = trained_bytes(copy.lock())
    shutil.rmtree(copy.folder)
    return found


def test_ctrl_c_saves_and_the_next_repro_goes_on(workspace: Workspace, longer: dict[str, str]) -> None:
    changes = {"run.save_seconds": 0.1, "seeds": 1, "evaluate.every_epochs": None, "variants.dcgan.epochs": 20}
    write_params(workspace.folder, changes)
    command = workspace.start("dvc", "repro", "train@dcgan")
    until_it_trains(workspace, command)
    os.killpg(command.pid, signal.SIGINT)
    output = command.communicate(timeout=DEADLINE_S)[0]
    assert command.returncode != 0
    assert re.search(r"train dcgan: stopped by SIGINT; step \d+ of 300 is saved: run again to go on", output)
    assert re.search(r"exited with (130|-2)\b", output)  # -2: a shell that stays and says so of itself, such as dash
    assert "going on after step" in workspace.run("dvc", "repro", "train@dcgan")
    assert trained_bytes(workspace.lock()) == longer
    assert not (workspace.folder / "scratch" / "dcgan").exists()  # nothing is left to go on from
    workspace.run("git", "checkout", "--quiet", ".")
    shutil.rmtree(workspace.folder / ".dvc/cache/runs")  # or DVC would take the result from there


@pytest.mark.parametrize(("where", "shell"), [([], "sh"), (["--temp"], "bash")], ids=["in the workspace", "in a copy"])
def test_experiments_outlive_dvc(workspace: Workspace, longer: dict[str, str], where: list[str], shell: str) -> None:
    """Between DVC and the stage is a shell, which may stay there, as dash, or give way to its command, as bash."""
    name = "disturbed" + "".join(where).strip("-")
    started_by = ("env", f"SHELL={shutil.which(shell) or '/bin/sh'}")
    words = (*started_by, "dvc", "exp", "run", "--name", name, *where, *SET, "train@dcgan")
    command = workspace.start(*words)
    lock = until_it_trains(workspace, command)
    command.kill()
    until(lambda: not lock.exists())  # the trainer has learnt of it, saved, and ended
    command.communicate(timeout=DEADLINE_S)
    workspace.run("git", "switch", "--quiet", "--discard-changes", "main")
    assert "going on after step" in workspace.run(*words)
    assert trained_bytes(lock_of(workspace, name)) == longer
    workspace.run("git", "checkout", "--quiet", ".")
    shutil.rmtree(workspace.folder / ".dvc/cache/runs")


def start_worker(workspace: Workspace) -> None:
    """Start what takes experiments from the queue; it lives on in the background until the queue is empty."""
    until(lambda: ": 0 active, 0 idle" in workspace.run("dvc", "queue", "status"))  # an ending one takes none
    quiet = subprocess.DEVNULL
    how = {"cwd": workspace.folder, "env": workspace.environment, "timeout": DEADLINE_S}
    subprocess.run(["dvc", "queue", "start"], stdout=quiet, stderr=quiet, check=True, **how)


def test_a_killed_experiment_goes_on_when_it_is_queued_again(workspace: Workspace, longer: dict[str, str]) -> None:
    words = ("dvc", "exp", "run", "--queue", *SET, "train@dcgan")
    workspace.run(*words, "--name", "first")
    start_worker(workspace)
    lock = until_it_trains(workspace)
    workspace.run("dvc", "queue", "kill", "--force", "first")
    until(lambda: not lock.exists())
    workspace.run(*words, "--name", "second")
    start_worker(workspace)
    until(lambda: refs_of(workspace, "second"))
    assert "going on after step" in workspace.run("dvc", "queue", "logs", "second")
    assert trained_bytes(lock_of(workspace, "second")) == longer


def test_a_sweep_is_queued_and_run_two_at_a_time_by_make(workspace: Workspace) -> None:
    """In an environment that has nothing of the project on its PATH, as in a fresh terminal."""
    sweep = ("++variants.dcgan.lr=1e-4,2e-4", "seeds=1", "active=[dcgan]")
    queued = workspace.experiment(*sweep, words=["--queue", "train"])
    names = re.findall(r"Queued experiment '([^']+)'", queued)
    assert len(names) == 2
    workspace.run("dvc", "queue", "remove", "--success", "--failed")  # what other tests have left
    done = subprocess.run(
        ["make", "-o", f"{sys.prefix}/ready", f"VENV={sys.prefix}", "queue", "JOBS=2"],
        cwd=workspace.folder,
        env={**workspace.environment, "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert len(re.findall("Success *$", done.stdout, re.MULTILINE)) == 2
    one, other = (lock_of(workspace, name) for name in names)
    assert trained_bytes(one) != trained_bytes(other)
    rates = [stages["train@dcgan"]["params"]["params.yaml"]["variants.dcgan"]["lr"] for stages in (one, other)]  # type: ignore[index]
    assert sorted(rates) == [0.0001, 0.0002]


def test_two_ranks_train_in_the_pipeline(workspace: Workspace) -> None:
    """With batch normalisation, whose counters are whole numbers, and two seeds, which both ranks go through."""
    write_params(workspace.folder, {"run.launcher": "torchrun --standalone --nproc-per-node=2", "active": ["dcgan"]})
    workspace.run("dvc", "repro", "train@dcgan")
    facts = workspace.json("metrics/train/dcgan.json")
    assert (facts["ranks"], facts["seeds"], facts["images_seen"]) == (2, 2, 480)
    workspace.run("git", "checkout", "--quiet", ".")


def test_a_remote_brings_what_was_made_to_another_clone(workspace: Workspace, tmp_path: Path) -> None:
    workspace.run("dvc", "remote", "add", "--default", "shelf", str(tmp_path / "shelf"))
    workspace.run("git", "commit", "--quiet", "--all", "--message=remote")
    workspace.run("dvc", "push", "--with-deps", "preprocess")
    clone = Workspace(tmp_path / "clone")
    workspace.run("git", "clone", "--quiet", ".", str(clone.folder))
    assert "data/processed/toyfaces" in clone.run("dvc", "status", "preprocess", check=False)
    clone.run("dvc", "pull", "--with-deps", "preprocess")
    assert stages_run(clone.run("dvc", "repro", "preprocess")) == []
    images = [each.folder / "data/processed/toyfaces/images.npy" for each in (workspace, clone)]
    assert images[0].read_bytes() == images[1].read_bytes()

    # A run whose dvc.lock is in no commit: `dvc push --run-cache` leaves out its metrics, a copy of the cache does not.
    workspace.run("dvc", "repro", "train@dcgan")
    workspace.run("cp", "-ru", ".dvc/cache/.", str(tmp_path / "shelf"))
    assert stages_run(clone.run("dvc", "repro", "--pull", "train@dcgan")) == []
    assert clone.lock()["train@dcgan"] == workspace.lock()["train@dcgan"]
    assert (clone.folder / "models/dcgan/generator.safetensors").exists()
    workspace.run("git", "checkout", "--quiet", ".")
