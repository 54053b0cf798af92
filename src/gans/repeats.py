"""A variant's trainings, one a seed, each into its folder; what was interrupted goes on."""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from gans import devices, models, state, training
from gans.arrays import Packed
from gans.config import Settings
from gans.distributed import Ranks
from gans.errors import InputError
from gans.state import Store
from gans.steps import Execution
from gans.training import Checkpoints, Saving, Trained, Weights
from gans.variants import Variant


@dataclass(frozen=True)
class Plan:
    """Everything that decides what the trainings of a variant give."""

    name: str
    kind: type[Variant]
    settings: Settings  # of the first training; the others differ in their seeds, which count up from its own
    seeds: int
    data: Packed
    weights: Weights | None  # to start from
    num_frames: int  # images over training
    moments_every: float | None  # epochs between the averaged generators that the first training keeps
    device: torch.device
    how: Execution
    ranks: Ranks

    @property
    def key(self) -> str:
        """Return the name of the plan's resume states: another one as soon as anything here but `ranks` is another."""
        weights = {
            network: {key: state.digest(value) for key, value in values.items()}
            for network, values in (self.weights or {}).items()
        }
        facts = {
            "name": self.name,
            "settings": self.settings.model_dump(),
            "seeds": self.seeds,
            "data": self.data.meta,
            "labels": None if self.data.labels is None else state.digest(self.data.labels),
            "weights": weights,
            "num_frames": self.num_frames,
            "moments_every": self.moments_every,
            "how": asdict(self.how),
        }
        return state.key_of(facts, self.device)

    def carry_out(
        self, folder: Path, scratch: Path, *, save_seconds: float, save_epochs: float
    ) -> tuple[Trained, list[float]]:
        """Train into `folder`, which is made; return the first training, and the seconds that each took.

        States are saved in `scratch`, so often, and a training of which one lies there goes on from it.
        """
        crew = self._crew(scratch)
        self.ranks.told(None)  # what the others wait for: nothing stands in the way
        first, seconds = None, []
        for repeat, settings in enumerate(self._settings_of_each()):
            store = Store(crew / f"seed_{settings.seed}")
            try:
                trained = self._train(settings, Saving(store, save_seconds, save_epochs), with_moments=not repeat)
            except InputError as error:
                raise InputError(f"with seed {settings.seed}: {error}" if repeat else str(error)) from None
            place = models.make_repeat(folder, repeat)
            models.copy_checkpoints(store.folder, place)
            models.save(
                place,
                name=self.name,
                settings=settings,
                shape=self.data.shape,
                averaged=trained.averaged,
                networks=trained.variant.networks,
                frames=trained.progress.frames,
                frames_at=trained.progress.images_seen,
            )
            first = first or trained
            seconds.append(trained.seconds)
        assert first is not None
        return first, seconds

    def _crew(self, scratch: Path) -> Path:
        """Return the folder for states of as many ranks and threads as these.

        Raises InputError when there are states of more ranks or fewer, whose parts of a batch were others. Another
        number of threads starts anew: on a CPU its bytes would be others.
        """
        ranks = f"ranks_{self.ranks.size}_"
        for other in scratch.glob("ranks_*"):
            if not other.name.startswith(ranks) and list(other.rglob("*.pt")):
                raise InputError(
                    f"an interrupted training of {self.name} in {other} is of {other.name.split('_')[1]} rank(s), this "
                    f"one of {self.ranks.size}; expected as many: set run.launcher back, or remove that folder"
                )
        return scratch / f"{ranks}threads_{torch.get_num_threads()}"

    def follow(self) -> None:
        """Take this rank's part in the trainings that the first rank carries out, and write nothing."""
        self.ranks.told(None)
        for settings in self._settings_of_each():
            self._train(settings)

    def _settings_of_each(self) -> list[Settings]:
        return [self.settings.model_copy(update={"seed": self.settings.seed + repeat}) for repeat in range(self.seeds)]

    def _train(self, settings: Settings, saving: Saving | None = None, with_moments: bool = False) -> Trained:
        moments = None
        if saving and self.moments_every and with_moments:
            moments = Checkpoints(self.moments_every, partial(models.save_checkpoint, saving.store.folder))
        with devices.memory_told(self.device, f"lower batch_size ({settings.batch_size}) or width ({settings.width})"):
            return training.train(
                self.kind,
                settings,
                self.data.shape,
                self.data.images[self.data.train],
                self.data.train_labels,
                self.device,
                self.num_frames,
                weights=self.weights,
                checkpoints=moments,
                saving=saving,
                how=self.how,
                ranks=self.ranks,
            )
