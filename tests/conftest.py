"""What several tests share: a small archive, small settings, and the real faces where they are."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import stages  # noqa: F401  # first: it sets how torch's threads wait

# isort: split
import numpy as np
import pytest
import torch
import yaml

from gans.networks import contract
from gans.networks.settings import AdversarialSettings, Settings
from gans.params import Params
from gans.sources import celeba, toyfaces

ROOT = Path(__file__).parents[1]
NUM_FACES = 48
pytest_plugins = ["clone"]  # its fixtures
LONGEST = ["test_interruptions", "test_faults", "test_end_to_end", "test_zoo", "test_notebook", "test_distributed"]

# Programs that tests start and send signals to would inherit that they are ignored, as under `nohup` and after `&`.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, usual)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder of its own, with this checkout's library and the environment's programs."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "default"}
    environment.pop("DVC_ROOT", None)
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files come first, then others with slow tests, so that all workers end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (order.get(item.path.stem, len(order)), item.path not in slow))


@pytest.fixture(autouse=True)
def seeded() -> None:
    """What a test draws from torch does not depend on the tests before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def toyfaces_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first 48 toyfaces in CelebA's layout: 36 train, 6 validation, 6 test."""
    folder = tmp_path_factory.mktemp("toyfaces")
    celeba.write(folder, toyfaces.ATTRIBUTES, toyfaces.jpegs(NUM_FACES), NUM_FACES)
    return folder


@pytest.fixture(scope="session")
def real_faces() -> Path:
    """The folder of real photographs in CelebA's layout; tests that need it are skipped where it is not."""
    folder = Path(os.environ.get("GANS_FACES", ROOT.parent / "shared" / "data" / "faces")).resolve()
    if not (folder / celeba.ARCHIVE).exists():
        pytest.skip(f"no real faces in {folder}; name their folder in GANS_FACES")
    return folder


@pytest.fixture
def write_params(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the committed params.yaml with some dotted keys changed, or taken out with `...`."""

    def write(changes: dict[str, object]) -> Path:
        values = yaml.safe_load((ROOT / "params.yaml").read_text())
        for key, value in changes.items():
            *sections, last = key.split(".")
            section = values
            for name in sections:
                section = section[name]
            if value is ...:
                del section[last]
            else:
                section[last] = value
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(values, sort_keys=False))
        return path

    return write


@pytest.fixture(scope="session")
def small() -> AdversarialSettings:
    """Settings under which any variant trains in a second."""
    values = Params.load(ROOT / "params.yaml").shared()
    changes = {"image_size": 16, "width": 4, "nz": 8, "batch_size": 8, "epochs": 2, "seed": 3, "random_flip": True}
    return AdversarialSettings(**{**values, **changes})


def settings_for(name: str, shared: AdversarialSettings) -> Settings:
    """Return what a variant takes of `shared`, and what only it has as in params.yaml."""
    params = Params.load(ROOT / "params.yaml")
    model = contract.load(name).Settings
    values = params.own(name) | shared.model_dump()
    return model(**{key: values[key] for key in model.model_fields})


@pytest.fixture(scope="session")
def pixels() -> np.ndarray:
    """Random images, uint8 (32, 16, 16, 3)."""
    return np.random.default_rng(0).integers(0, 256, (32, 16, 16, 3), dtype=np.uint8)


@pytest.fixture
def cpu() -> torch.device:
    return torch.device("cpu")
