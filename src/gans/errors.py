"""The error a user can mend."""


class InputError(ValueError):
    """Something the user gave is wrong: its one line says what, where, what was expected and what to do.

    Stages print that line and exit with status 1. Any other exception is a defect of this project and keeps its
    traceback.
    """
