"""Weights come back as they went, and equal ones are equal files."""

from pathlib import Path

import pytest
import torch
from torch import nn

from gans.base.errors import InputError
from gans.runtime import weights


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)


def test_weights_and_buffers_come_back(tmp_path: Path) -> None:
    weights.write(tmp_path / "one", network(0))
    found, wanted = weights.read(tmp_path / "one"), network(0).state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], value) for name, value in wanted.items())


def test_equal_weights_are_equal_bytes_under_any_name(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        weights.write(tmp_path / name, network(seed))
    one, two, three = ((tmp_path / name).read_bytes() for name in ("one", "two", "three"))
    assert one == two != three


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    weights.write(tmp_path / "one", network(0))
    (tmp_path / "one").write_bytes((tmp_path / "one").read_bytes()[:-10])
    with pytest.raises(InputError, match=r"one is damaged .*; expected weights: make or copy them again"):
        weights.read(tmp_path / "one")
