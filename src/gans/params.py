"""The whole of params.yaml: the settings of each package, put together and checked before anything is done."""

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field

from gans.base import kinds, launchers, settings
from gans.base.errors import InputError, in_one_line
from gans.base.paths import PARAMS
from gans.figures.settings import SampleSettings
from gans.gaussian.settings import GaussianSettings
from gans.networks.settings import SharedSettings
from gans.runtime.settings import RunSettings
from gans.scoring.settings import ClassifierSettings, EvaluateSettings
from gans.sources.settings import Dataset, DataSettings
from gans.training.settings import CodesSettings

MAX_SEED = 2**32
Lesson = Literal["codes", "gaussian"]


class Params(SharedSettings):
    """The whole of params.yaml."""

    seeds: int = Field(ge=1, le=100, description="a whole number from 1 to 100")
    dataset: Dataset
    data: DataSettings = Field(description="a section")
    sample: SampleSettings = Field(description="a section")
    evaluate: EvaluateSettings = Field(description="a section")
    classifier: ClassifierSettings = Field(description="a section")
    codes: CodesSettings = Field(description="a section")
    gaussian: GaussianSettings = Field(description="a section")
    run: RunSettings = Field(description="a section")
    lessons: Annotated[list[Lesson], kinds.Different] = Field(description="a list of codes, gaussian, both or neither")
    active: Annotated[list[str], kinds.Different] = Field(
        min_length=1, description="a list of different variants, at least one"
    )

    @classmethod
    def load(cls, path: Path = PARAMS) -> Self:
        """Return the settings in `path`; raise InputError on the first unknown, missing or mistyped key."""
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(f"{path} is missing; run from the repository's root, where it lies") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is not YAML: {in_one_line(error)}") from None
        params = settings.validated(cls, values, str(path))
        if params.seed + params.seeds > MAX_SEED:
            found = f"seed is {params.seed} and seeds {params.seeds}"
            raise InputError(f"{path}: {found}; expected a sum of at most {MAX_SEED}")
        ranks = launchers.num_ranks(params.run.launcher)
        for name in params.active:
            batch_size = params.own(name).get("batch_size", params.batch_size)
            if ranks and isinstance(batch_size, int) and batch_size % ranks:
                found = f"{name} has batches of {batch_size} images, which the {ranks} ranks of run.launcher share"
                raise InputError(f"{path}: {found}; expected a batch_size that {ranks} divides")
        params.check_entries(path)
        return params
