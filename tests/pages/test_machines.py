"""Two kinds of processor, told apart by what metrics/train says of them."""

import pytest

from gans.pages import machines

EPYC = {
    "device": "cpu",
    "processor": {"vendor": "AuthenticAMD", "model": "AMD EPYC (25-17-1)", "vector_extensions": "avx2 avx512f sse4a"},
    "threads": 2,
}
XEON = {
    "device": "cpu",
    "processor": {"vendor": "GenuineIntel", "model": "Xeon (6-143-8)", "vector_extensions": "amx_tile avx2 avx512f"},
    "threads": 2,
}


def test_they_are_named_with_what_each_can_and_the_other_cannot() -> None:
    line = machines.difference({"main": EPYC, "workspace": XEON})
    assert line.endswith(
        "main on AMD EPYC (25-17-1) with sse4a, 2 threads; workspace on Xeon (6-143-8) with amx_tile, 2 threads."
    )
    assert "\n" not in line


@pytest.mark.parametrize("other", [{"threads": 1}, {"device": "cuda", "gpu": "NVIDIA H100 80GB HBM3"}])
def test_threads_and_gpus_make_another_kind(other: dict[str, object]) -> None:
    assert not machines.same(EPYC, EPYC | other)
    assert "AMD EPYC (25-17-1), " in machines.difference({"main": EPYC, "here": EPYC | other})


def test_of_the_same_kind_nothing_is_said() -> None:
    assert machines.same(EPYC, dict(EPYC))
    assert machines.difference({"main": EPYC, "here": EPYC | {"loss_g": 0.5}}) == ""


def test_where_one_recorded_none_nothing_is_known() -> None:
    older = {"device": "cpu", "threads": 2}
    assert machines.difference({"main": older, "here": EPYC}) == ""
    assert not machines.same(older, older)
