"""What is for half an hour on a machine with a GPU, tried without one."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT
from programs import bounded, until

sys.path.insert(0, str(ROOT / "benchmarks"))

import gpu
import predict
import throughput


def raising(line: str) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(line)

    return fail


def refused(*words: str) -> str:
    """Return the one line with which the command ends, and with status 1."""
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    return ended.stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_one_line_says_so() -> None:
    assert "sees no GPU that it can use (" in refused("speed")


def test_data_that_preprocess_did_not_write_is_refused(tmp_path: Path) -> None:
    assert f"gpu: {tmp_path} holds no meta.json; expected" in refused("quality", "--data", str(tmp_path))


def test_another_training_is_not_gone_on_from(tmp_path: Path) -> None:
    (tmp_path / "asked.json").write_text('{"images": "1000"}')
    assert "asked.json tells of another training; expected" in refused(
        "quality", "--device", "cpu", "--folder", str(tmp_path)
    )


WITH_CUDA = {"version.cuda": "13.0", "cuda.init": lambda: None, "cuda.get_device_name": lambda: "NVIDIA Small"}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"version.cuda": None}, r"torch .* is built without CUDA; expected a build with it"),
        (
            {"version.cuda": "13.0", "cuda.init": raising("The NVIDIA driver on your system is too old (found 11040)")},
            r"the NVIDIA driver is too old for torch .* with CUDA 13\.0 \(.*11040\)\)",
        ),
        (
            {"cuda.init": raising("Found no NVIDIA driver.\nCheck.")},
            r"sees no GPU that it can use \(Found no .* Check\.\)",
        ),
        ({**WITH_CUDA, "cuda.mem_get_info": lambda: (2e9, 8e10)}, r"NVIDIA Small has 2\.0 GB free; expected 8: end"),
        ({**WITH_CUDA, "cuda.mem_get_info": lambda: (7e10, 8e10)}, None),
    ],
)
def test_each_lack_has_its_line(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], line: str | None) -> None:
    real = torch.ones
    monkeypatch.setattr(torch, "ones", lambda *size, **_: real(*size))
    for name, value in changes.items():
        monkeypatch.setattr(f"torch.{name}", value)
    found = gpu.refusal("cuda")
    assert found is None if line is None else re.search(line, found or "")
    assert "\n" not in (found or "")


def test_what_was_not_carried_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "importable", lambda name: name != "pydantic")
    assert "lacks pydantic; expected what docs/gpu.md names" in (gpu.refusal("cpu") or "")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "torch cannot be imported (" in (gpu.refusal("cpu") or "")


def test_a_part_ends_in_its_time_and_a_signal_leaves_out_those_after_it(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    parts = gpu.Parts(60, tmp_path / "log", tmp_path)
    try:
        assert parts.run("short", ["-c", "print('done')"], 30)
        began = time.monotonic()
        assert not parts.run("long", ["-c", "import time; time.sleep(300)"], 1)
        assert time.monotonic() - began < 20
        signal.raise_signal(signal.SIGTERM)
        assert not parts.run("next", ["-c", ""], 30)
    finally:
        for number, answer in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, answer)
    assert [line.split(",")[0] for line in parts.lines] == ["short: well", "long: with status -2", "next: no time"]
    assert "done\n== short: well" in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_a_training_that_is_stopped_goes_on_to_its_scores(tmp_path: Path) -> None:
    small = ["--device", "cpu", "--images", "1500", "--faces", "60", "--width", "4", "--save-seconds", "0"]
    words = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), "quality", "--folder", str(tmp_path), *small]
    with bounded(subprocess.Popen(words)) as first:
        until(lambda: list(tmp_path.rglob("scratch/sngan/**/*.pt")), alive=first)
        first.send_signal(signal.SIGTERM)
        assert first.wait() == 75
    assert not (tmp_path / "models" / "sngan").exists()
    with bounded(subprocess.Popen([*words, "--seconds", "290"], stdout=subprocess.PIPE, text=True)) as second:
        said = second.communicate()[0]
    assert second.returncode == 0, said
    log = (tmp_path / "quality.log").read_text()
    assert "SNGAN: going on after step" in log
    assert log.count("== preprocess: well") == 1  # not done twice
    for left in ("metrics/quality/sngan.json", "metrics/losses/sngan.csv", "report/figures/sngan_losses.png"):
        assert (tmp_path / left).is_file()
    assert list((tmp_path / "samples" / "sngan").glob("*.png"))


def test_a_part_of_the_benchmark_that_fails_loses_itself_alone(tmp_path: Path) -> None:
    results = throughput.Results(tmp_path / "found.json", until=time.monotonic() + 100)
    results.add("lost", lambda: 1 / 0, inside="variants")
    assert '"lost": "failed: division by zero"' in (tmp_path / "found.json").read_text()
    results.add("kept", lambda: 2.5, inside="variants")
    assert results.found == {"variants": {"lost": "failed: division by zero", "kept": 2.5}}
    late = throughput.Results(None, until=time.monotonic() - 1)
    late.add("late", lambda: 1)
    assert late.found == {"late": "left out: no time"}


def test_a_product_of_matrices_is_one_kernel_with_its_arithmetic_and_bytes() -> None:
    a, b = torch.ones(3, 4), torch.ones(4, 5)
    with predict.Counter() as counter:
        (a @ b).t()
    assert counter.kernels == [(2 * 3 * 4 * 5, 4 * (3 * 4 + 4 * 5 + 3 * 5))]
