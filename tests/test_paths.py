"""Publishing: a file or folder is there whole, or not at all."""

from pathlib import Path

import pytest

from gans import paths


def test_a_folder_appears_when_the_work_is_done(tmp_path: Path) -> None:
    final = tmp_path / "deep" / "models"
    with paths.published(final) as draft:
        draft.mkdir()
        (draft / "a").write_text("new")
        assert not final.exists()
    assert (final / "a").read_text() == "new"
    assert [path.name for path in final.parent.iterdir()] == ["models"]


def test_what_was_there_is_replaced_whole(tmp_path: Path) -> None:
    final = tmp_path / "models"
    final.mkdir()
    (final / "old").touch()
    with paths.published(final) as draft:
        draft.mkdir()
        (draft / "new").touch()
    assert [path.name for path in final.iterdir()] == ["new"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    final = tmp_path / "summary.json"
    final.write_text("old")

    def fail() -> None:
        with paths.published(final) as draft:
            draft.write_text("half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert final.read_text() == "old"
    assert list(tmp_path.iterdir()) == [final]


def test_relative_folders_start_where_the_user_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert paths.users_folder("../faces") == tmp_path / "../faces"
    assert paths.users_folder("/faces") == Path("/faces")
