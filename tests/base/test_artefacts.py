"""JSON and CSV records."""

import math
import resource
from pathlib import Path

import numpy as np
import pytest

from gans.base import artefacts


def test_json_is_read_back(tmp_path: Path) -> None:
    artefacts.write_json(tmp_path / "deep" / "a.json", {"b": 1, "a": [0.5, None]})
    assert artefacts.read_json(tmp_path / "deep" / "a.json") == {"b": 1, "a": [0.5, None]}


def test_csv_has_the_columns_asked_for_first_and_empty_cells_for_what_is_lacking(tmp_path: Path) -> None:
    rows = [{"step": 1, "kl": 0.123456789, "loss_g": 2.0}, {"step": 2, "loss_g": 3.5}]
    artefacts.write_csv(tmp_path / "a.csv", rows, ["step", "loss_d", "loss_g"])
    assert (tmp_path / "a.csv").read_text() == "step,loss_d,loss_g,kl\n1,,2,0.123457\n2,,3.5,\n"
    columns = artefacts.read_csv(tmp_path / "a.csv")
    assert columns["loss_g"] == [2.0, 3.5]
    assert all(math.isnan(value) for value in columns["loss_d"])


def test_a_hash_is_the_published_one_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert artefacts.sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_an_array_comes_back_and_is_never_a_pickle(tmp_path: Path) -> None:
    artefacts.write_array(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    assert np.load(tmp_path / "a.npy").tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="allow_pickle"):
        artefacts.write_array(tmp_path / "b.npy", np.array([{}], dtype=object))


def test_a_full_disk_names_the_file_that_had_no_room(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match=r"No space left on device: '.*/a\.npy'"):
            artefacts.write_array(tmp_path / "a.npy", np.zeros(1000))
        with pytest.raises(OSError, match=r"File too large: '.*/a\.json'"):
            artefacts.write_json(tmp_path / "a.json", {"a": "b" * 10_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "a.json").exists()
