"""Pictures in a zip, read in place: nothing is unpacked to disk."""

import io
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from gans.base.errors import InputError, in_one_line
from gans.base.progress import progress_bar

MAX_BYTES = 64 * 2**20  # of one picture's file
MAX_PIXELS = 8192 * 8192
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # members compressed otherwise may unpack to any size at once
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)  # beyond it Pillow refuses, and does not only warn


class Archive:
    """The pictures in the zip at `path`; `names` holds what they are called, in order.

    `name_of` says what the picture in a member is called, or None for a member to pass over. `formats` are Pillow's
    names of the formats that are allowed. Raises InputError, which ends in what was `expected`, when the file is not
    a zip or holds no picture, and when it holds one twice. `read` may be called from several threads.
    """

    def __init__(self, path: Path, name_of: Callable[[str], str | None], formats: Sequence[str], expected: str) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
            raise InputError(f"{path} is not a readable zip ({in_one_line(error)}); expected {expected}") from None
        files = [info for info in self._zip.infolist() if not info.filename.endswith("/")]  # is_dir fails for no name
        found = [(name, info) for info in files if (name := name_of(info.filename)) is not None]
        self._members = dict(found)
        if not found:
            raise InputError(f"{path} holds no image; expected {expected}")
        if len(self._members) < len(found):
            raise InputError(f"{path} holds an image twice; expected each name once")
        self.names = sorted(self._members)
        self._formats = tuple(formats)

    def read(self, position: int) -> Image.Image:
        """Return a picture, turned as its EXIF orientation says; raise InputError with the name of a damaged one."""
        try:
            picture = self._opened(position)
            picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            return picture
        except InputError:
            raise
        except Exception as error:  # zipfile, zlib and Pillow raise a dozen kinds for as many sorts of damage
            kinds = " or ".join(self._formats)
            found = f"not a {kinds}" if isinstance(error, UnidentifiedImageError) else in_one_line(error)
            raise InputError(
                f"{self.names[position]}: {found}; expected a whole {kinds} of at most {MAX_PIXELS} pixels"
            ) from None

    def mode(self, position: int) -> str | None:
        """Return Pillow's name of a picture's mode without decoding it; None for one that `read` refuses at once."""
        try:
            return self._opened(position).mode
        except Exception:  # as in `read`, which will tell
            return None

    def _opened(self, position: int) -> Image.Image:
        name = self.names[position]
        info = self._members[name]
        if info.file_size > MAX_BYTES:
            raise InputError(f"{name}: {info.file_size} bytes; expected a picture of at most {MAX_BYTES}")
        if info.compress_type not in BOUNDED:
            raise zipfile.BadZipFile("it is compressed, but not deflated: pack it anew")
        with self._zip.open(info) as file:
            content = file.read(info.file_size)  # without a number, what claims to be small may unpack to gigabytes
        return Image.open(io.BytesIO(content), formats=self._formats)


def write(path: Path, members: Iterable[tuple[str, bytes]], count: int, description: str) -> None:
    """Write `count` members, names and bytes, as a zip without dates: the same members give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive, progress_bar(count, description, "img") as bar:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
            bar.update()
