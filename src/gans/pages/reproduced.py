"""Whether this run's scores are the committed ones, or as near to them as another processor's can be."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from gans.base import paths
from gans.base.paths import PARAMS
from gans.pages import machines, revision

DEVIATIONS = 2
# The standard deviation of a score between trainings that differ in their seeds alone: as a share of the score, and at
# least. Root mean squares over the 20 variants with two seeds in docs/results.md and in the run of commit f607d6a; on
# another processor rounding differs, and a training ends as far away as with another seed. What a classifier's own
# features say (fid_classifier) is not compared: each run trains its own. So is the network of rotation, whose noise is
# that of two of its own seeds, too: DCGAN and GAN of two seeds, judged by both.
NOISE = {
    "fid_lite0": (0.07, 0.0),
    "kid_lite0": (0.07, 0.02),
    "fid_rotation": (0.16, 0.0),
    "kid_rotation": (0.27, 0.001),
    "fid_inception": (0.07, 0.0),
    "kid_inception": (0.07, 0.001),
    "precision": (0.12, 0.002),
    "recall": (0.23, 0.003),
    "density": (0.20, 0.001),
    "coverage": (0.28, 0.002),
    "diversity": (0.05, 0.0),
    "probe_accuracy": (0.016, 0.0),
    "condition_accuracy": (0.03, 0.0),
    "classification_accuracy_score": (0.08, 0.0),
    "combination_share": (0.11, 0.03),
}
NUM_NAMED = 8  # scores that differ by more


class TwoScores(NamedTuple):
    """A score of a variant, as committed and as found here."""

    variant: str
    key: str
    committed: float
    here: float
    deviation: float  # of their difference

    @property
    def within(self) -> bool:
        """Return whether the difference is no more than noise."""
        return abs(self.here - self.committed) <= DEVIATIONS * self.deviation


def pairs(variant: str, committed: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[TwoScores]:
    """Yield the scores that both have. A side's deviation over few seeds is rough: it counts where it is the larger."""
    for key, (share, least) in NOISE.items():
        if key in committed and key in here:
            sides = [max(share * abs(side[key]), least, side.get("sd", {}).get(key, 0.0)) for side in (committed, here)]
            yield TwoScores(variant, key, committed[key], here[key], math.hypot(*sides))


def told(found: list[TwoScores], kinds: str, same_kind: bool) -> Iterator[str]:
    """Yield the lines that say how near the scores are; `kinds` tells of two kinds of processor, if there are two."""
    beyond = [pair for pair in found if not pair.within]
    if all(pair.here == pair.committed for pair in found):
        yield f"reproduced: all {len(found)} scores are the committed ones"
        return
    yield f"reproduced: {len(found) - len(beyond)} of {len(found)} scores within two deviations of the committed ones"
    for pair in beyond[:NUM_NAMED]:
        values = f"{pair.here:.4g} here, {pair.committed:.4g} committed"
        yield f"  beyond: {pair.variant} {pair.key}: {values}, deviation {pair.deviation:.2g}"
    if len(beyond) > NUM_NAMED:
        yield f"  beyond: {len(beyond) - NUM_NAMED} more"
    if kinds:
        yield kinds
    elif same_kind:
        yield "The processor is of the committed run's kind, on which all should be the same: see docs/reliability.md."


def lines() -> Iterator[str]:
    """Yield what is to be said of the run at hand; nothing can be wrong with it for that."""
    if (commit := revision.git("rev-parse", "--verify", "--quiet", "HEAD")) is None:
        yield "not compared: there is no commit to compare with"
        return
    if revision.edited():
        yield "not compared with the committed scores: code or settings here are not the committed ones (git status)"
        return

    def committed(path: Any) -> Any:
        text = revision.git("show", f"{commit.decode().strip()}:{path.as_posix()}")
        return None if text is None else json.loads(text)

    found: list[TwoScores] = []
    lacking: list[str] = []
    for variant in yaml.safe_load(PARAMS.read_text())["active"]:
        here = json.loads(paths.quality_metrics(variant).read_text())
        if (before := committed(paths.quality_metrics(variant))) is None:
            lacking.append(variant)
            continue
        found += pairs(variant, before, here)
        trains = {
            "committed": committed(paths.train_metrics(variant)) or {},
            "here": json.loads(paths.train_metrics(variant).read_text()),
        }
    if found:
        yield from told(found, machines.difference(trains), machines.same(*trains.values()))
    if lacking:
        yield f"not compared, as nothing is committed of them: {', '.join(lacking)}"


def main() -> None:
    """Print the lines. What cannot be compared is said, and is no failure: the run itself went well."""
    try:
        print("\n".join(lines()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"not compared with the committed scores: {' '.join(f'{type(error).__name__} {error}'.split())}")


if __name__ == "__main__":
    main()
