"""The progress bar of every long step."""

import os
import sys
from typing import Never

from tqdm import tqdm


def progress_bar(total: int, description: str, unit: str, done: int = 0, shown: bool = True) -> "tqdm[Never]":
    """Return a bar on standard error over `total` units: lively on a terminal, a line now and then in a log file."""
    return tqdm(
        total=total,
        initial=done,
        desc=description,
        unit=unit,
        unit_scale=total >= 10_000,
        dynamic_ncols=True,
        mininterval=float(os.environ.get("TQDM_MININTERVAL", 0.2 if sys.stderr.isatty() else 15.0)),
        smoothing=0.05,
        disable=not shown,
    )
