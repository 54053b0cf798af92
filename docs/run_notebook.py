"""Run docs/tour.ipynb from the repository's root, and keep what it shows: `make notebook`."""

import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path("docs/tour.ipynb")
LONGEST_S = 900  # that a cell may take
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def main() -> None:
    """Execute all cells; what fails ends with its traceback, and leaves the file as it was."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=LONGEST_S, resources={"metadata": {"path": "."}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = COLOUR.sub("", output.text)
    nbformat.write(notebook, NOTEBOOK)


if __name__ == "__main__":
    main()
