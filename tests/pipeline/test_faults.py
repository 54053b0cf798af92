"""Real faults to real processes: signals, a parent that dies, a second trainer, a full disk, a machine of chaos."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import chaos
import pytest
import yaml
from programs import DEADLINE_S, until
from server import CONTENT, SHA256, Server, stalled
from server import server as server  # a fixture

from gans.base import paths
from gans.sources import celeba, toyfaces

pytestmark = pytest.mark.slow
VARIANT = "dcgan"
CHAOS = 558  # a seed whose trials 3 and 9 are struck once, after about half of the steps
Process = subprocess.Popen[bytes]
OnDisk = Callable[[str, str], str]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a small data set in which stages can be run: never used itself, only copied."""
    folder = tmp_path_factory.mktemp("prepared")
    chaos.prepare(folder)
    return folder


@pytest.fixture(scope="module")
def pace(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> chaos.Undisturbed:
    """What came of an undisturbed training."""
    folder = shutil.copytree(prepared, tmp_path_factory.mktemp("undisturbed") / "workspace")
    return chaos.undisturbed(folder, VARIANT)


@pytest.fixture(scope="module")
def undisturbed(pace: chaos.Undisturbed) -> dict[str, str]:
    """The hashes of what it leaves."""
    return pace.files


@pytest.fixture
def workspace(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "workspace")


def states(folder: Path) -> list[Path]:
    return chaos.states(folder / "scratch")


def started(folder: Path) -> Process:
    """Start a training; return when it has saved its first state."""
    process = chaos.start(folder, VARIANT)
    until(lambda: states(folder), alive=process)
    return process


def states_of_a_killed_one(folder: Path) -> list[Path]:
    """Kill a training that has saved; return what it has left."""
    process = started(folder)
    process.kill()
    process.communicate()
    return states(folder)


def ended(process: Process) -> tuple[int, str]:
    """Return the status with which a process ends, and its last line."""
    status, error = chaos.ended(process)
    assert "Traceback" not in error
    return status, error.replace("\r", "\n").splitlines()[-1] if error else ""


def start_again(folder: Path, undisturbed: dict[str, str]) -> None:
    """Train again to the end; all is as in the undisturbed training, and nothing is left to go on from."""
    status, error = chaos.ended(chaos.start(folder, VARIANT))
    assert status == 0, error
    assert "DCGAN: going on after step" in error
    assert chaos.outcome(folder, VARIANT) == undisturbed
    assert not (folder / "scratch" / VARIANT).exists()


def loads_torch(process: Process) -> bool:
    return "libtorch" in Path(f"/proc/{process.pid}/maps").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", [chaos.begun, loads_torch])
def test_a_signal_before_the_stage_begins_is_one_line(
    tmp_path: Path, moment: Callable[[Process], bool], number: signal.Signals
) -> None:
    """From its first line on; what Python answers before that is Python's own."""
    process = chaos.start(tmp_path, VARIANT)
    until(lambda: moment(process), alive=process)
    process.send_signal(number)
    line = f"train dcgan: stopped by {number.name}; run the same command again\n"
    assert chaos.ended(process) == (128 + number, line)


def test_a_signal_is_answered_with_a_saved_state_and_its_status(workspace: Path, undisturbed: dict[str, str]) -> None:
    process = started(workspace)
    process.send_signal(signal.SIGTERM)
    code, line = ended(process)
    assert code == 143
    assert line.startswith("train dcgan: stopped by SIGTERM; step ")
    step = int(line.split("step ")[1].split()[0])
    assert states(workspace)[-1].name == f"{step:012}.pt"
    assert not (workspace / paths.model(VARIANT)).exists()
    start_again(workspace, undisturbed)


def test_a_second_trainer_is_refused_while_the_first_is_at_work(workspace: Path, undisturbed: dict[str, str]) -> None:
    first = started(workspace)
    first.send_signal(signal.SIGSTOP)  # alive, and slow
    code, line = ended(chaos.start(workspace, VARIANT))
    first.send_signal(signal.SIGCONT)
    assert code == 1
    assert "train dcgan: another process is at this very work (it holds scratch/dcgan/" in line
    assert ended(first)[0] == 0
    assert chaos.outcome(workspace, VARIANT) == undisturbed


def test_a_changed_setting_starts_afresh_and_the_old_state_waits(workspace: Path, undisturbed: dict[str, str]) -> None:
    assert states_of_a_killed_one(workspace)
    committed = (workspace / "params.yaml").read_text()
    changed = yaml.safe_load(committed)
    changed["lr"] = 0.5 * changed["lr"]
    (workspace / "params.yaml").write_text(yaml.safe_dump(changed, sort_keys=False))
    other = chaos.undisturbed(workspace, VARIANT)
    assert other.files.keys() == undisturbed.keys()
    assert other.files["models/dcgan/generator.safetensors"] != undisturbed["models/dcgan/generator.safetensors"]
    (workspace / "params.yaml").write_text(committed)
    start_again(workspace, undisturbed)


@pytest.fixture
def on_small_disk(tmp_path: Path) -> OnDisk:
    """A function that runs a shell script with a file system of its own at $DISK, and returns what it said."""
    if not shutil.which("unshare"):
        pytest.skip("no file system of the test's own can be mounted here: there is no unshare")
    disk = tmp_path / "disk"
    disk.mkdir()
    environment = chaos.environment(DISK=str(disk), PYTHON=sys.executable)

    def run(size: str, script: str) -> str:
        mounted = f'mount -t tmpfs -o size={size} tmpfs "$DISK" || exit 77\n{script}'
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", mounted]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE_S)
        if done.returncode in (1, 77) and not done.stdout:
            pytest.skip(f"no file system of the test's own can be mounted here: {done.stderr.strip()}")
        return done.stdout + done.stderr

    return run


def test_a_state_that_finds_no_room_keeps_the_one_before(
    workspace: Path, undisturbed: dict[str, str], on_small_disk: OnDisk
) -> None:
    """The file system holds one state and half of the next; then it is made larger."""
    kilobytes = states_of_a_killed_one(workspace)[0].stat().st_size * 3 // 2 // 1024
    shutil.rmtree(workspace / "scratch")
    script = f"""
        export GANS_SCRATCH="$DISK/scratch"; cd '{workspace}'
        "$PYTHON" -m stages.train dcgan; echo "status $?"
        mount -o remount,size=50m "$DISK"
        "$PYTHON" -m stages.train dcgan; echo "status $?"
    """
    said = on_small_disk(f"{kilobytes}k", script)
    assert re.findall("status .*", said) == ["status 1", "status 0"], said
    assert "train dcgan: [Errno 28] No space left on device: '" in said
    assert "; free some space and run the same command again: what was saved before is kept" in said
    assert "DCGAN: going on after step" in said
    assert chaos.outcome(workspace, VARIANT) == undisturbed


@pytest.fixture(scope="module")
def many_faces(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose raw data take preprocess a second or two."""
    folder = tmp_path_factory.mktemp("many")
    shutil.copyfile(prepared / "params.yaml", folder / "params.yaml")
    jpegs = list(toyfaces.jpegs(64)) * 24
    celeba.write(folder / paths.raw("toyfaces"), toyfaces.ATTRIBUTES, jpegs, len(jpegs))
    assert ended(chaos.launch(folder, "preprocess"))[0] == 0
    return folder


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_preprocess_that_is_stopped_leaves_no_array(many_faces: Path, tmp_path: Path, number: signal.Signals) -> None:
    wanted = {path.name: path.read_bytes() for path in (many_faces / paths.processed("toyfaces")).iterdir()}
    folder = shutil.copytree(many_faces, tmp_path / "workspace", ignore=shutil.ignore_patterns("processed"))
    processed = folder / paths.processed("toyfaces")
    process = chaos.launch(folder, "preprocess")
    until((processed.with_name(".toyfaces.draft") / "images.npy").exists, alive=process)
    process.send_signal(number)
    code, line = ended(process)
    assert code == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[number]
    assert not processed.exists()
    if number != signal.SIGKILL:
        assert line == f"preprocess: stopped by {number.name}; run the same command again"
        assert list(processed.parent.iterdir()) == []
    assert ended(chaos.launch(folder, "preprocess"))[0] == 0
    assert {path.name: path.read_bytes() for path in processed.iterdir()} == wanted
    assert [path.name for path in processed.parent.iterdir()] == ["toyfaces"]


def test_a_preprocess_without_room_ends_with_a_line(many_faces: Path, on_small_disk: OnDisk) -> None:
    """The array is mapped into memory: were its room not reserved, a signal would end the process without a word."""
    script = f"""
        cp -r '{many_faces / "params.yaml"}' "$DISK"; mkdir -p "$DISK/data"; cd "$DISK"
        ln -s '{many_faces / "data" / "raw"}' data/raw
        "$PYTHON" -m stages.preprocess; echo "status $?"
        ls -A data/processed; df --output=used "$DISK"
    """
    said = on_small_disk("500k", script)  # 1,536 images of 768 bytes are 1.2 MB
    assert "status 1" in said, said
    assert "No space left on device: 'data/processed/toyfaces'; free some space and run" in said
    assert said.split("status 1")[1].split()[:1] == ["Used"]  # nothing lies there


def test_a_download_may_be_gathered_on_another_disk(workspace: Path, on_small_disk: OnDisk) -> None:
    raw = workspace / paths.raw("toyfaces")
    script = f"""
        export GANS_SCRATCH="$DISK/scratch"; cd '{workspace}'
        "$PYTHON" -m stages.download; echo "status $?"
        find "$DISK" -type f
    """
    params = yaml.safe_load((workspace / "params.yaml").read_text())
    params["data"]["num_toyfaces"] = 24
    (workspace / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    said = on_small_disk("10m", script)
    assert "status 0" in said, said
    assert "/scratch/" not in said  # nothing is left on the other disk
    assert sorted(path.name for path in raw.iterdir()) == sorted(path.name for path in (workspace / "raw").iterdir())
    assert [path.name for path in raw.parent.iterdir()] == ["toyfaces"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stopped_download_continues(prepared: Path, tmp_path: Path, server: Server, number: signal.Signals) -> None:
    """The archive here is no zip, so that it is refused at the end: what is asked for tells how it came."""
    params = yaml.safe_load((prepared / "params.yaml").read_text())
    params["dataset"] = "celeba"
    params["data"] |= {"url": server.url, "sha256": SHA256, "condition_on": []}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    server.answers = [stalled]
    process = chaos.launch(tmp_path, "download", NO_PROXY="127.0.0.1")
    part = tmp_path / "scratch" / "incoming" / "celeba" / f"{celeba.ARCHIVE}.part"
    until(lambda: part.exists() and part.stat().st_size == 100_000)
    process.send_signal(number)
    assert ended(process)[0] in (-9, 143)
    server.closing.set()
    code, line = ended(chaos.launch(tmp_path, "download", NO_PROXY="127.0.0.1"))
    assert server.ranges == [None, "bytes=100000-"]
    assert code == 1
    assert "img_align_celeba.zip is not a readable zip" in line
    whole = tmp_path / "scratch" / "incoming" / "celeba" / celeba.ARCHIVE
    assert whole.read_bytes() == CONTENT
    assert not (tmp_path / "data").exists()


def test_a_disk_that_fills_up_costs_nothing(workspace: Path, pace: chaos.Undisturbed) -> None:
    trial = chaos.disturbed(workspace, VARIANT, 3, CHAOS, pace)
    assert trial.strike == "full disk"
    assert (trial.survived, trial.identical) == (True, True), trial.story
    assert "status 1: " in trial.story  # it did fill up


def test_chaos_is_survived() -> None:
    """As `make chaos` tries it, and what no other test does to a process: a state that is damaged."""
    (trial,) = chaos.run([9], CHAOS)
    assert (trial.strike, trial.survived, trial.identical) == ("damaged state", True, True), trial.story
    assert trial.resumed, trial.story  # or the harness strikes where nothing can be lost
