"""Whether two trainings ran on the same model of processor or GPU, as metrics/train tells it."""

from collections.abc import Mapping
from typing import Any

KIND = ("device", "gpu", "processor", "threads")  # of metrics/train: what the same bytes need to be the same


def same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Return whether two trainings say that they ran on the same kind of machine."""
    return "processor" in first and all(first.get(key) == second.get(key) for key in KIND)


def difference(places: Mapping[str, Mapping[str, Any]]) -> str:
    """Return one line where two trainings, by the names of their places, ran on two kinds; nothing where on one.

    Nothing, too, where one of them recorded no processor.
    """
    first, second = places.values()
    if same(first, second) or not ("processor" in first and "processor" in second):
        return ""
    others = (second, first)
    names = [
        f"{place} on {_name(*pair)}"
        for place, pair in zip(places, zip((first, second), others, strict=True), strict=True)
    ]
    return f"Two kinds of processor or GPU, which alone makes numbers differ: {'; '.join(names)}."


def _name(train: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return a kind in words, with the vector extensions that another lacks."""
    own, others = ({*each["processor"]["vector_extensions"].split()} for each in (train, other))
    more = f" with {' '.join(sorted(own - others))}" if own - others else ""
    gpu = f"{train['gpu']}, " if "gpu" in train else ""
    return f"{gpu}{train['processor']['model']}{more}, {threads(train['threads'])}"


def threads(count: int) -> str:
    """Return a number of threads in words."""
    return "one thread" if count == 1 else f"{count} threads"
