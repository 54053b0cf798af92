"""The pipeline's stages: each reads parameters and files, calls the library, writes files."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

# Temporary and queued experiments run in a copy of the repository: its own library comes before any installed one.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

# How long torch's OpenMP threads spin before they sleep. With the default, a second busy program on two cores slowed
# training from 270 to below 15 images a second; with this, to about 100, and nothing is lost when they are alone.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

from gans.errors import InputError


def run(stage: Callable[..., None], *arguments: str) -> None:
    """Call `stage` with the command line, which is to name `arguments`; end with one line when the input is wrong."""
    name = Path(sys.argv[0]).stem
    given = sys.argv[1:]
    if len(given) != len(arguments):
        sys.exit(f"usage: python -m stages.{' '.join([name, *arguments])}")
    try:
        stage(*given)
    except (InputError, OSError) as error:  # OSError: a full disk, a file that may not be read
        sys.exit(f"{' '.join([name, *given])}: {' '.join(str(error).split())}")
