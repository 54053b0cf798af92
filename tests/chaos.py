"""Disturb short trainings at random moments, and compare what comes of them with an undisturbed one, byte for byte.

Usage: python tests/chaos.py TRIALS [SEED]

Each trial starts `python -m stages.train`, as DVC does, and strikes once or twice at random moments: kills it
(SIGKILL), asks it to stop (SIGTERM, SIGINT), lets the disk be full while it writes, or kills it and then damages what
it had saved. States are saved after nearly every step, so that many strikes fall into a save. The trial has survived
when to start again was all that it took, and no run claimed a success that it had not; it is identical when weights,
loss curves and metrics are those of the undisturbed run.
"""

import math
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from gans import preprocess  # noqa: E402
from gans.base import artefacts, paths, publishing  # noqa: E402
from gans.sources import celeba, datasets, toyfaces  # noqa: E402

VARIANTS = ("dcgan", "cdcgan", "vae")  # a pair, a conditional pair, no pair
AT_ONCE = 2  # trials, each with one thread
CHANGES = {"image_size": 16, "width": 4, "nz": 8, "epochs": 6, "batch_size": 16, "seeds": 2}
NUM_FACES = 256
EARLY = 0.2  # share of the strikes that may come before there is anything to lose
POLL_S = 0.005
GOING_ON = re.compile(r"going on after step (\d+) of (\d+)")
TIMEOUT_S = 300


def prepare(folder: Path) -> None:
    """Make a workspace in which stages can be run: settings, and a small data set as preprocess leaves it."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text()) | CHANGES
    params["run"]["save_seconds"] = 0.03
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    raw = folder / "raw"
    celeba.write(raw, toyfaces.ATTRIBUTES, toyfaces.jpegs(NUM_FACES), NUM_FACES)
    images = datasets.open_images("toyfaces", raw, ["Smiling"], "balanced")
    with publishing.published(folder / paths.processed("toyfaces")) as draft:
        draft.mkdir()
        preprocess.pack(images, draft, size=CHANGES["image_size"], crop_px=178, max_images=None)


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a stage of this checkout, on one thread, with more variables if need be."""
    own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    others = {
        name: value for name, value in os.environ.items() if name not in ("DVC_ROOT", "DVC_STAGE", "GANS_SCRATCH")
    }
    return others | own | more


def launch(folder: Path, *words: str, **more: str) -> subprocess.Popen[bytes]:
    """Start a stage in a workspace."""
    command = [sys.executable, "-m", f"stages.{words[0]}", *words[1:]]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment(**more), stdout=pipe, stderr=pipe)


def start(folder: Path, variant: str) -> subprocess.Popen[bytes]:
    """Start to train a variant in a workspace from which DVC has removed the outs."""
    for out in (paths.model(variant), paths.losses(variant), paths.train_metrics(variant)):
        publishing.remove(folder / out)
    return launch(folder, "train", variant)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Return the status that a process ends with, and what it said on its way."""
    error = process.communicate(timeout=TIMEOUT_S)[1].decode(errors="replace")
    return process.returncode, error


def begun(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a stage's own first lines have run: Python itself, while it starts, leaves SIGTERM to the system.

    What Python answers before that, a traceback to Ctrl-C at the worst, is not the stage's to choose.
    """
    caught = Path(f"/proc/{process.pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def as_promised(status: int, error: str) -> bool:
    """Return whether a training ended as it promises: with a status that says why, and without a traceback."""
    return status in (0, 1, 130, 143, -signal.SIGKILL) and "Traceback" not in error


def went_on(error: str) -> bool:
    """Return whether a training says that it went on from its midst; a seed that had ended says so of its last step."""
    return any(int(done) < int(steps) for done, steps in GOING_ON.findall(error))


def states(folder: Path) -> list[Path]:
    """Return the saved states of trainings that have not ended, below a folder in which somebody may be at work."""
    try:
        return sorted(path for path in folder.rglob("*.pt") if "finished" not in path.parts)
    except FileNotFoundError:  # what was just seen is gone
        return []


def outcome(folder: Path, variant: str) -> dict[str, str]:
    """Return the SHA-256 of all that a training leaves behind and a rerun repeats, by its path."""
    kept = [*(folder / paths.model(variant)).rglob("*"), folder / paths.losses(variant)]
    files = [path for path in (*kept, folder / paths.train_metrics(variant)) if path.is_file()]
    return {str(path.relative_to(folder)): artefacts.sha256_of(path) for path in files}


def fill_disk(process: subprocess.Popen[bytes], _: Path, chance: random.Random) -> None:
    """Let no file grow beyond a size that the next state, or what is written at the end, may or may not reach."""
    size = chance.choice([0, 100, 10_000, 100_000])
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))


def damage_state(process: subprocess.Popen[bytes], folder: Path, chance: random.Random) -> None:
    """End it at once, then flip a bit of the newest state, of its hash or of another file there, or cut the state."""
    process.kill()
    process.wait()
    if not (saved := states(folder / "scratch")):
        return
    files = sorted(path for path in (folder / "scratch").rglob("*") if path.is_file() and path.suffix != ".lock")
    victim = chance.choice([saved[-1], saved[-1], chance.choice(files)])
    content = bytearray(victim.read_bytes())
    if chance.random() < 0.3 or not content:
        content = content[: len(content) // 2]
    else:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    victim.write_bytes(content)


STRIKES: dict[str, Callable[[subprocess.Popen[bytes], Path, random.Random], None]] = {
    "SIGKILL": lambda process, *_: process.kill(),
    "SIGTERM": lambda process, *_: process.send_signal(signal.SIGTERM),
    "SIGINT": lambda process, *_: process.send_signal(signal.SIGINT),
    "full disk": fill_disk,
    "damaged state": damage_state,
}


@dataclass(frozen=True)
class Trial:
    """What came of a trial."""

    strike: str
    survived: bool
    identical: bool
    resumed: bool  # a run went on from a state
    story: str  # what to look at when it did not go well


@dataclass(frozen=True)
class Undisturbed:
    """What an undisturbed training leaves, and how long that takes."""

    files: dict[str, str]
    first_state_s: float
    total_s: float
    steps: int  # of all seeds


def saved_steps(folder: Path) -> int:
    """Return how many steps of its seeds a training has saved."""
    newest: dict[Path, int] = {}
    for path in states(folder / "scratch"):
        newest[path.parent] = max(newest.get(path.parent, 0), int(path.stem))
    return sum(newest.values())


def when_saved(process: subprocess.Popen[bytes], folder: Path, steps: int) -> float:
    """Wait until a run has saved so many steps, or has ended; return how many seconds that took."""
    started = time.perf_counter()
    while process.poll() is None and saved_steps(folder) < steps:
        time.sleep(POLL_S)
    return time.perf_counter() - started


def undisturbed(folder: Path, variant: str) -> Undisturbed:
    """Train a variant in a prepared workspace."""
    started = time.perf_counter()
    process = start(folder, variant)
    first_state_s = when_saved(process, folder, 1)
    status, error = ended(process)
    assert status == 0, error
    steps = artefacts.read_json(folder / paths.train_metrics(variant))["steps_g"] * CHANGES["seeds"]
    return Undisturbed(outcome(folder, variant), first_state_s, time.perf_counter() - started, steps)


def disturbed(folder: Path, variant: str, number: int, seed: int, pace: Undisturbed) -> Trial:
    """Carry out a trial in a prepared workspace."""
    chance = random.Random(f"{seed} {number}")
    strike = list(STRIKES)[number % len(STRIKES)]
    story, sound, resumed = [f"trial {number}, {strike}, {variant}"], True, False
    for _ in range(chance.choice([1, 1, 2])):
        before, process = saved_steps(folder), start(folder, variant)
        if chance.random() < EARLY:
            moment = f"{(seconds := chance.uniform(0, pace.first_state_s)):.2f} s"
            time.sleep(seconds)
        else:  # counted in steps, so that a machine that is busier by now is struck as far along
            steps = max(before + 1, math.ceil(chance.random() * pace.steps))
            moment = f"{steps} of {pace.steps} steps"
            when_saved(process, folder, steps)
        while process.poll() is None and not begun(process):
            time.sleep(POLL_S)
        if process.poll() is None:
            STRIKES[strike](process, folder, chance)
        status, error = ended(process)
        resumed = resumed or went_on(error)
        sound = sound and as_promised(status, error) and (status != 0 or outcome(folder, variant) == pace.files)
        story.append(f"struck after {moment}, status {status}: {error.splitlines()[-1:]}")
    status, error = ended(start(folder, variant))
    resumed = resumed or went_on(error)
    story.append(f"again: status {status}: {error.splitlines()[-1:]}")
    left = (folder / "scratch" / variant).exists()
    return Trial(
        strike=strike,
        survived=sound and status == 0 and not left,
        identical=outcome(folder, variant) == pace.files,
        resumed=resumed,
        story="\n  ".join(story),
    )


def run(numbers: Sequence[int], seed: int) -> list[Trial]:
    """Carry out these trials; the same seed draws the same faults, after the same steps."""
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(AT_ONCE) as pool:
        prepared = Path(scratch) / "prepared"
        prepared.mkdir()
        prepare(prepared)

        variants = sorted({VARIANTS[number % len(VARIANTS)] for number in numbers})
        folders = [shutil.copytree(prepared, Path(scratch) / variant) for variant in variants]
        paces = dict(zip(variants, pool.map(undisturbed, folders, variants), strict=True))
        for variant, pace in paces.items():
            first = f"the first state after {pace.first_state_s:.1f} s"
            print(f"undisturbed {variant}: {pace.total_s:.1f} s, {first}", flush=True)

        def trial(number: int) -> Trial:
            variant = VARIANTS[number % len(VARIANTS)]
            folder = shutil.copytree(prepared, Path(scratch) / f"trial_{number}")
            done = disturbed(folder, variant, number, seed, paces[variant])
            shutil.rmtree(folder)
            if not (done.survived and done.identical):
                print(done.story, flush=True)
            return done

        return list(pool.map(trial, numbers))


def main() -> None:
    """Print what became of each kind of fault, and of all trials on the last line; fail unless all went well."""
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    trials = run(range(int(sys.argv[1])), seed)
    for strike in STRIKES:
        struck = [trial for trial in trials if trial.strike == strike]
        identical, resumed = sum(trial.identical for trial in struck), sum(trial.resumed for trial in struck)
        print(f"{strike}: {len(struck)} trials, {identical} identical, {resumed} of them went on from a state")
    survived, identical = sum(trial.survived for trial in trials), sum(trial.identical for trial in trials)
    print(f"chaos: {len(trials)} trials, {survived} survived, {identical} identical")
    sys.exit(0 if survived == identical == len(trials) else 1)


if __name__ == "__main__":
    main()
