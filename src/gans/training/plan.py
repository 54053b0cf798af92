"""A variant's trainings, one a seed, each into its folder; what was interrupted goes on."""

from collections.abc import Set
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from gans.base.errors import InputError
from gans.data.arrays import Packed
from gans.networks import models
from gans.networks.contract import Variant
from gans.networks.settings import Settings
from gans.runtime import devices
from gans.training import loop, state
from gans.training.distributed import ALONE, Ranks
from gans.training.finished import Finished
from gans.training.live import Live
from gans.training.loop import Weights
from gans.training.observer import Snapshots
from gans.training.state import Saving, Store
from gans.training.steps import Execution
from gans.training.trained import Trained


@dataclass(frozen=True)
class Plan:
    """Everything that decides what the trainings of a variant give."""

    name: str
    kind: type[Variant]
    settings: Settings  # of the first training; the others differ in their seeds, which count up from its own
    data: Packed
    num_frames: int  # images over training
    device: torch.device
    how: Execution
    seeds: int = 1
    weights: Weights | None = None  # to start from
    snapshots_every: float | None = None  # epochs between the averaged generators that the first training keeps
    ranks: Ranks = ALONE
    section: str = ""  # of params.yaml where its settings stand, with a dot behind

    @property
    def key(self) -> str:
        """Return the name of the plan's resume states: another one as soon as what decides is another."""
        return self._key()

    def _key(self, without: Set[str] = frozenset()) -> str:
        """Return what plans share in which all is the same that decides, but for some settings."""
        weights = {
            network: {key: state.digest(value) for key, value in values.items()}
            for network, values in (self.weights or {}).items()
        }
        facts = {
            "name": self.name,
            "settings": self.settings.model_dump(exclude={*without}),
            "seeds": self.seeds,
            "data": self.data.meta,
            "labels": None if self.data.labels is None else state.digest(self.data.labels),
            "weights": weights,
            "num_frames": self.num_frames,
            "snapshots_every": self.snapshots_every,
            "how": asdict(self.how),
        }
        return state.key_of(facts, self.device)

    def carry_out(
        self,
        folder: Path | None,
        scratch: Path | None,
        *,
        save_seconds: float,
        save_epochs: float,
        finished: Path | None = None,
        live: Path | None = None,
    ) -> tuple[Trained, list[float]]:
        """Train into `folder`, which is made; return the first training, and the seconds that each took.

        States are saved in `scratch`, so often, and a training of which one lies there goes on from it. The last ones
        are kept in `finished`, for a longer training with the same settings. `live` shows what is going on. Of several
        ranks the first alone has the folders and writes; all train.
        """
        crew = self._crew(scratch) if scratch else None
        ended = self._ended(finished, resuming=any(crew.rglob("*.pt"))) if finished and crew else None
        self.ranks.from_first(None)  # what the others wait for: nothing stands in the way
        first, seconds = None, []
        for repeat in range(self.seeds):
            settings = self.settings.model_copy(update={"seed": self.settings.seed + repeat})
            saving, snapshots, part = None, None, f"seed_{settings.seed}"
            if crew:
                shorter = ended.of(f"{crew.name}/{part}") if ended else None
                saving = Saving(Store(crew / part), save_seconds, save_epochs, shorter)
                keep = partial(models.save_snapshot, saving.store.folder)
                snapshots = Snapshots(self.snapshots_every, keep) if self.snapshots_every and not repeat else None
            size, width = f"{self.section}batch_size ({settings.batch_size})", f"{self.section}width ({settings.width})"
            try:
                with devices.explaining_lack_of_memory(self.device, f"lower {size} or {width}"):
                    trained = loop.train(
                        self.kind,
                        settings,
                        self.data.shape,
                        self.data.images[self.data.train],
                        self.data.train_labels,
                        self.device,
                        self.num_frames,
                        weights=self.weights,
                        snapshots=snapshots,
                        saving=saving,
                        live=Live(live, self.kind.title, f"{self.key[:8]}_{part}", self.device) if live else None,
                        how=self.how,
                        ranks=self.ranks,
                    )
            except InputError as error:
                raise InputError(f"with seed {settings.seed}: {error}" if repeat else str(error)) from None
            if folder and saving:
                place = models.make_repeat(folder, repeat)
                models.copy_snapshots(saving.store.folder, place)
                models.save(place, self.name, trained.variant, self.data.shape, trained.averaged, trained.frames)
            if ended and crew and saving:
                ended.keep(f"{crew.name}/{part}", saving.store, settings.epochs)
            first = first or trained
            seconds.append(trained.seconds)
        assert first is not None
        return first, seconds

    def _ended(self, finished: Path, resuming: bool) -> Finished:
        """Return the trainings that this one may go on from, and say so where it cannot."""
        ended = Finished(finished, self._key(without={"epochs"}), self.settings.tied_to_length())
        if not resuming:
            ended.explain(self.kind.title, self.settings.epochs)
        return ended

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
