"""The notebook that tells the story, run from its first cell to its last."""

from pathlib import Path

import nbformat
import pytest
from clone import cloned
from conftest import ROOT
from nbclient import NotebookClient

NOTEBOOK = Path("docs/tour.ipynb")
LONGEST_S = 900


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, prepared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = cloned(tmp_path / "gans", entry="dcgan-toyfaces", cache=prepared_cache)
    for name, value in clone.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(clone.folder / "src"))  # this library, and not the installed one
    text = (clone.folder / NOTEBOOK).read_text(encoding="utf-8")
    for longer, shorter in (("data.num_toyfaces=512", "data.num_toyfaces=320"), ("-S epochs=24", "-S epochs=1")):
        assert longer in text
        text = text.replace(longer, shorter)
    notebook = nbformat.reads(text, as_version=4)
    NotebookClient(notebook, timeout=LONGEST_S, resources={"metadata": {"path": str(clone.folder)}}).execute()
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert "Running stage 'train@dcgan'" in printed
    assert "images seen, FID" in printed
    assert "tour" in clone.run("dvc", "exp", "list")


def test_the_notebook_shows_what_it_is_about() -> None:
    cells = nbformat.read(ROOT / NOTEBOOK, as_version=4).cells
    pictures = [
        output for cell in cells for output in cell.get("outputs", []) if "image/jpeg" in output.get("data", {})
    ]
    assert len(pictures) >= 4
    assert [cell.execution_count for cell in cells if cell.cell_type == "code"] == list(
        range(1, 1 + sum(cell.cell_type == "code" for cell in cells))
    )
