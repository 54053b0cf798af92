"""Follow `lr` from params.yaml to Adam, or one image from its archive to the loss: `python tests/follow.py lr`.

Prints the functions of the library that are at work where the one or the other is handed on, in the order in which they
come: a small run is done, and at the first call of each function in MARKS all that stands on the stack is noted.
"""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
from gans.sources import celeba, toyfaces  # noqa: E402
from stages import download, preprocess, train  # noqa: E402

LIBRARY = str(ROOT / "src")
SMALL = {"dataset": "celeba", "image_size": 16, "width": 4, "nz": 8, "epochs": 1, "batch_size": 8, "seeds": 1}
MARKS = {
    "lr": ("Params.load", "validated", "SharedSettings.settings_of", "ramped"),
    "image": (
        *("Archive.read", "Archive._opened", "in_channels", "crop_and_shrink", "_OnDisk._read", "_OnDisk.__call__"),
        *("to_float", "DCGANDiscriminator.forward", "discriminator_cross_entropy"),
    ),
}


def at_work(marks: tuple[str, ...], work: Callable[[], object]) -> list[str]:
    """Return the library's functions on the stack at the first call of each of `marks` within `work`."""
    waiting, found = set(marks), {}

    def look(frame: FrameType | None, event: str, _: object) -> None:
        code = frame.f_code if frame and event == "call" else None
        if not code or code.co_qualname not in waiting or not code.co_filename.startswith(LIBRARY):
            return
        waiting.remove(code.co_qualname)
        stack = []
        while frame is not None:
            if frame.f_code.co_filename.startswith(LIBRARY):
                file = Path(frame.f_code.co_filename).relative_to(LIBRARY)
                stack.append(f"{file}: {frame.f_code.co_qualname.replace('.<locals>', '')}")
            frame = frame.f_back
        found.update(dict.fromkeys(reversed(stack)))

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return list(found)


def way(what: str, faces: Path) -> list[str]:
    """Return the way of `lr` or of an `image`, on faces in a folder of CelebA's layout."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    values.update(SMALL)
    values["data"]["root"] = str(faces.resolve())
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("params.yaml").write_text(yaml.safe_dump(values))
        os.environ.pop("DVC_ROOT", None)
        download.main()

        def to_the_loss() -> None:
            preprocess.main()
            train.main("dcgan")

        return at_work(MARKS[what], to_the_loss)


if __name__ == "__main__":
    if sys.argv[1:] not in (["lr"], ["image"]):
        sys.exit("usage: python tests/follow.py lr|image")
    with tempfile.TemporaryDirectory() as few:
        celeba.write(Path(few), toyfaces.ATTRIBUTES, toyfaces.jpegs(48), 48)
        for number, name in enumerate(way(sys.argv[1], Path(few)), start=1):
            print(f"{number:2d} {name}")
