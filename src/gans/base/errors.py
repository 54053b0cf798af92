"""The error a user can mend."""


class InputError(ValueError):
    """Something the user gave is wrong: its one line says what, where, what was expected and what to do.

    Stages print that line and exit with status 1. Any other exception is a defect of this project and keeps its
    traceback.
    """


def in_one_line(error: object, at_most: int | None = 200) -> str:
    """Return what an exception says in one line: it may be nothing, two lines, or kilobytes of a damaged file."""
    return " ".join(str(error).split())[:at_most] or type(error).__name__
