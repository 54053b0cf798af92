"""FID's Inception, with torch-fidelity's as the oracle."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from server import CONTENT, CUT, SHA256, Server, cut
from server import server as server  # a fixture
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x
from torchvision.models import Inception3

from gans.base import artefacts
from gans.base.errors import InputError
from gans.scoring import inception
from stages import reference


def random_images(count: int, size: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(size).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def random_value(name: str, like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return a value for the entry `name` of a state dict; under such values activations keep their size."""
    if name.endswith("num_batches_tracked"):
        return like
    if name.endswith(("bn.weight", "running_var")):
        return 0.5 + torch.rand(like.shape, generator=generator)  # about 1
    normal = torch.randn(like.shape, generator=generator)
    if like.dim() == 1:
        return 0.1 * normal  # biases, running means
    return normal * (2.0 / like[0].numel()) ** 0.5  # He et al. 2015, arXiv:1502.01852, equation 10


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file laid out like the published one, with random numbers in it."""
    generator = torch.Generator().manual_seed(0)
    entries = Inception3(num_classes=1008, aux_logits=False, init_weights=False).state_dict()
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save({name: random_value(name, value, generator) for name, value in entries.items()}, path)
    return path


@pytest.fixture(scope="module")
def extractor(weights: Path) -> inception.Inception:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inception, "WEIGHTS_SHA256", artefacts.sha256_of(weights))
        return inception.Inception(weights, torch.device("cpu"))


@pytest.fixture(scope="module")
def oracle(weights: Path) -> FeatureExtractorInceptionV3:
    return FeatureExtractorInceptionV3("oracle", ["2048"], feature_extractor_weights_path=str(weights))


@pytest.mark.parametrize(("size", "channels", "batch_size"), [(64, 3, 64), (64, 3, 2), (320, 3, 64), (64, 1, 64)])
def test_features_are_those_of_torch_fidelity_in_any_batch_and_grey_is_seen_as_rgb(
    extractor: inception.Inception,
    oracle: FeatureExtractorInceptionV3,
    size: int,
    channels: int,
    batch_size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extractor, "batch_size", batch_size)
    images = random_images(3, size, channels)
    (expected,) = oracle(torch.from_numpy(images.repeat(3 // channels, axis=3)).permute(0, 3, 1, 2))
    found = extractor(images)
    assert found.shape == (3, 2048)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-4 * expected.std().item())


@pytest.mark.parametrize("size", [28, 64, 299, 320])
def test_a_resize_is_that_of_torch_fidelity(size: int) -> None:
    images = torch.from_numpy(random_images(2, size)).permute(0, 3, 1, 2).float()
    expected = interpolate_bilinear_2d_like_tensorflow1x(images, (299, 299), align_corners=False)
    torch.testing.assert_close(inception.resized_as_tensorflow1(images, 299), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (  # torch.load would raise UnpicklingError; the hash is FIPS 180's example
            b"abc",
            "has SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (None, "is missing"),
    ],
)
def test_another_file_or_none_is_refused_before_it_is_read(
    tmp_path: Path, cpu: torch.device, content: bytes | None, line: str
) -> None:
    path = tmp_path / "weights.pth"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError) as refusal:
        inception.Inception(path, cpu)
    wanted = f"FID's Inception weights, of SHA-256 {inception.WEIGHTS_SHA256}: fetch them from {inception.WEIGHTS_URL}"
    assert str(refusal.value) == f"evaluate.inception_weights: {path} {line}; expected {wanted}"


def test_weights_are_copied_from_a_file_once_they_are_known_to_be_right(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception, "WEIGHTS_SHA256", artefacts.sha256_of(weights))
    monkeypatch.setenv("DVC_ROOT", str(weights.parent))  # where the user typed the command
    placed = reference.place_weights(weights.name, tmp_path / "inception.pth")
    assert placed.read_bytes() == weights.read_bytes()
    (tmp_path / "other.pth").write_bytes(b"abc")
    with pytest.raises(InputError, match=r"other\.pth has SHA-256 ba7816bf"):
        reference.place_weights(str(tmp_path / "other.pth"), tmp_path / "second.pth")
    assert not (tmp_path / "second.pth").exists()


def test_weights_are_fetched_from_an_address(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    handler = partial(SimpleHTTPRequestHandler, directory=str(weights.parent))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_port}/{weights.name}"
        with pytest.raises(InputError, match=r"or download it by hand and set evaluate\.inception_weights to the file"):
            reference.place_weights(address, tmp_path / "inception.pth")
        monkeypatch.setattr(inception, "WEIGHTS_SHA256", artefacts.sha256_of(weights))
        placed = reference.place_weights(address, tmp_path / "inception.pth")
        server.shutdown()
    assert artefacts.sha256_of(placed) == inception.WEIGHTS_SHA256


def test_published_weights_are_fetched_by_their_name_and_resumed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(inception, "WEIGHTS_URL", server.url)
    monkeypatch.setattr(inception, "WEIGHTS_SHA256", SHA256)
    server.answers = [cut]
    assert reference.place_weights("published", tmp_path / "inception.pth").read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={CUT}-"]
