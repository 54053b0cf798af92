"""The one-dimensional lesson: its networks, its scores, and that it is learnt."""

import math
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
import torch
from conftest import ROOT

from gans.base import artefacts, paths
from gans.base.errors import InputError
from gans.gaussian import figures, lesson
from gans.params import Params
from stages import gaussian as stage

COMMITTED = Params.load(ROOT / "params.yaml")


VALUES, BATCHES = lesson.value_discriminators, lesson.batch_discriminators


def train(seeds: range, steps: int, kind: lesson.Discriminators = BATCHES, **changes: float) -> lesson.Course:
    """Train with the committed settings of the published D, some of them changed."""
    return lesson.train(seeds, steps, COMMITTED.gaussian.published.model_copy(update=changes), kind)


def sources(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def course(values: np.ndarray, steps: list[int]) -> lesson.Course:
    """A course whose D always says one half."""
    decisions = np.full((*values.shape[:2], len(lesson.SHIFTS)), 0.5)
    return lesson.Course(range(values.shape[1]), np.array(steps), np.sort(values, 2), decisions)


@pytest.mark.parametrize("inputs", [1, 50, 200])
def test_layers_start_as_those_of_torch(inputs: int) -> None:
    layers = lesson.Linears(inputs, 50, sources(*range(40)))
    torchs = torch.nn.Linear(inputs, 50)
    bound = 1 / math.sqrt(inputs)
    for ours, theirs in ((layers.weight, torchs.weight), (layers.bias, torchs.bias)):
        assert ours.abs().max() <= bound
        assert theirs.abs().max() <= bound
        # The sd of a uniform number is its bound over the square root of 3; 2,000 numbers know theirs to 2 %.
        assert ours.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
        assert ours[0].numel() == theirs.numel()


def test_layers_side_by_side_are_as_many_layers_of_torch() -> None:
    layers = lesson.Linears(3, 2, sources(1, 2))
    x = torch.arange(24.0).view(2, 4, 3)
    for seed in range(2):
        expected = torch.nn.functional.linear(x[seed], layers.weight[seed].T, layers.bias[seed, 0])
        assert torch.allclose(layers(x)[seed], expected, atol=1e-5)


def test_elu_and_its_slope_are_those_of_torch() -> None:
    x = torch.tensor([-30.0, -2.0, -1e-3, 1e-3, 1.0, 30.0], requires_grad=True)
    ours, theirs = lesson.Elu()(x), torch.nn.functional.elu(x)
    assert torch.allclose(ours, theirs, atol=1e-6)
    slopes = [torch.autograd.grad(y.sum(), x)[0] for y in (ours, theirs)]
    assert torch.allclose(*slopes, atol=1e-6)


def test_the_networks_have_the_published_sizes() -> None:
    G, D = lesson.value_generators(sources(0)), lesson.batch_discriminators(sources(0))
    count = [sum(weight.numel() for weight in network.parameters()) for network in (G, D)]
    assert count == [2 * 50 + 51 * 50 + 51, 201 * 50 + 51 * 50 + 51]
    assert G(torch.rand(1, 7)).shape == (1, 7)
    assert D(torch.rand(1, 3, 100)).shape == (1, 3)


def test_a_d_of_values_sees_each_by_itself_in_the_order_of_the_batches() -> None:
    D = lesson.value_discriminators(sources(0, 1))
    batches = torch.randn(2, 3, 100)
    logits = D(batches)
    assert logits.shape == (2, 300)
    assert torch.allclose(logits[:, 107:108], D(batches[:, 1:2, 7:8]), atol=1e-5)


def test_d_sees_the_values_and_their_squared_differences_and_no_gradient_flows_through_the_mean() -> None:
    x = torch.tensor([1.0, 2.0, 6.0], requires_grad=True)  # their mean is 3
    seen = lesson.WithSquaredDifferences()(x)
    assert seen.tolist() == [1.0, 2.0, 6.0, 4.0, 1.0, 9.0]
    (gradient,) = torch.autograd.grad(seen[3], x)
    assert gradient.tolist() == [-4.0, 0.0, 0.0]  # of (1 - 3)^2 with 3 held still


def test_the_real_values_are_those_of_the_lesson() -> None:
    drawn = list(lesson.drawn_numbers([0, 1], 250))
    assert len(drawn) == 250
    real, z_d, z_g = (torch.stack(numbers) for numbers in zip(*drawn, strict=True))
    assert real.shape == z_d.shape == z_g.shape == (250, 2, 100)
    # 50,000 numbers know their mean to 0.006 and their sd to 0.004; four times that never fails by chance.
    assert real.mean().item() == pytest.approx(4.0, abs=0.024)
    assert real.std().item() == pytest.approx(1.25, abs=0.016)
    for z in (z_d, z_g):
        assert 0 <= z.min() < 0.001
        assert 0.999 < z.max() < 1
    assert len(real.unique()) > 49_000  # no batch comes twice
    assert not torch.equal(z_d, z_g)


def quantiles(n: int) -> np.ndarray:
    """The normal's own quantiles, by the standard library rather than by torch."""
    return np.array([NormalDist(4.0, 1.25).inv_cdf((i + 0.5) / n) for i in range(n)])


@pytest.mark.parametrize("shift", [-3.0, 0.0, 0.5])
def test_a_shift_is_as_far_away_as_it_is_long(shift: float) -> None:
    score = lesson.score(quantiles(1000) + shift)
    assert score.wasserstein_1 == pytest.approx(abs(shift), abs=1e-9)
    assert score.mean == pytest.approx(4.0 + shift, abs=1e-9)
    assert score.sd == pytest.approx(1.25, abs=0.01)


def test_a_point_is_as_far_away_as_the_mean_absolute_deviation() -> None:
    score = lesson.score(np.full(10_000, 4.0))
    assert score.sd == 0.0
    assert score.wasserstein_1 == pytest.approx(1.25 * math.sqrt(2 / math.pi), abs=1e-3)


def test_final_scores_are_means_over_the_last_third() -> None:
    means = np.array([[0.0, 9.0], [0.0, 9.0], [3.0, 5.0], [5.0, 6.0]])  # (moments, seeds)
    seen = course(means[:, :, None] + quantiles(1000) - 4.0, [10, 20, 25, 30])
    first, second = lesson.final_scores(seen)
    assert (first.mean, second.mean) == (pytest.approx(4.0), pytest.approx(5.5))
    assert (first.wasserstein_1, second.wasserstein_1) == (pytest.approx(1.0), pytest.approx(1.5))


def test_the_summary_is_the_median_seed_by_each_number() -> None:
    scores = [lesson.Score(3.0, 1.0, 0.5), lesson.Score(4.0, 0.0, 0.1), lesson.Score(9.0, 2.0, 0.3)]
    summary = lesson.summary(range(7, 10), scores)
    assert list(summary) == ["mean", "sd", "wasserstein_1", "seeds"]
    assert [summary[key] for key in ("mean", "sd", "wasserstein_1")] == [4.0, 1.0, 0.3]
    assert summary["seeds"][2] == {"seed": 9, "mean": 9.0, "sd": 2.0, "wasserstein_1": 0.3}


@pytest.mark.parametrize("kind", [VALUES, BATCHES])
def test_a_seed_learns_the_same_alone_and_beside_others(kind: lesson.Discriminators) -> None:
    calm = {"lr": 2e-4, "lr_d": 2e-4}
    together, alone = train(range(3, 6), 40, kind, **calm), train(range(4, 5), 40, kind, **calm)
    np.testing.assert_allclose(together.values[:, 1:2], alone.values, atol=1e-3)
    np.testing.assert_allclose(together.decisions[:, 1:2], alone.decisions, atol=1e-3)
    assert not np.allclose(together.values[:, 0], together.values[:, 1], atol=1e-2)


@pytest.mark.parametrize("kind", [VALUES, BATCHES])
def test_two_runs_are_equal_to_the_bit(kind: lesson.Discriminators) -> None:
    first, second = (train(range(2), 10, kind) for _ in range(2))
    assert first.values.tobytes() == second.values.tobytes()
    assert first.decisions.tobytes() == second.decisions.tobytes()


def test_each_loss_teaches_its_own_player_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    players: list[list[torch.nn.Parameter]] = []
    taught: list[list[bool]] = []

    class Watched(torch.optim.AdamW):
        def __init__(self, parameters: object, **options: object) -> None:
            players.append(list(parameters))
            super().__init__(players[-1], **options)

        def zero_grad(self, set_to_none: bool = True) -> None:
            for player in players:  # from here on to the step, a gradient is a new one
                for weight in player:
                    weight.grad = None

        def step(self, closure: None = None) -> None:
            taught.append([all(weight.grad is not None for weight in player) for player in players])
            taught[-1].append(any(weight.grad is not None for player in players for weight in player))
            super().step()

    monkeypatch.setattr(lesson.optimizers, "AdamW", Watched)
    train(range(1), 2)
    assert taught == [[False, True, True], [True, False, True]] * 2  # G, D, any


def test_moments_are_spread_over_training_and_end_with_it() -> None:
    seen = train(range(1), 80)
    assert seen.steps.tolist() == list(range(2, 81, 2))
    assert seen.values.shape == (40, 1, 5_000)
    assert seen.decisions.shape == (40, 1, 61)
    assert (np.diff(seen.values, axis=2) >= 0).all()
    assert seen.decisions.min() >= 0
    assert seen.decisions.max() <= 1
    assert train(range(1), 31).steps.tolist() == list(range(1, 32))


def test_a_loss_that_is_not_finite_stops_with_its_seed_and_step() -> None:
    with pytest.raises(InputError, match=r"the loss of seed 8 is not finite at step \d+; .* lower gaussian.lr"):
        train(range(8, 9), 60, lr=1e30)


def test_half_the_committed_training_leaves_the_point() -> None:
    scores = lesson.final_scores(lesson.train(range(3), 1250, COMMITTED.gaussian, VALUES))
    # A point is at least 1.0 away, what G starts from 4; the whole training reaches 0.2.
    assert np.median([score.wasserstein_1 for score in scores]) < 0.7


def test_the_number_of_threads_stays_as_it_was() -> None:
    before = torch.get_num_threads()
    train(range(1), 30)
    assert torch.get_num_threads() == before


def test_figures_show_all_seeds_and_the_film_moves() -> None:
    rng = np.random.default_rng(0)
    seen = course(rng.normal(np.linspace(0, 4, 9)[:, None, None], 1.25, (9, 3, 1000)), list(range(10, 100, 10)))
    other = course(seen.values + 1.0, list(range(10, 100, 10)))
    distribution, way, opinion, _, other_way, _ = figures.gaussian_figure(seen, other).axes
    assert [text.get_text() for text in way.get_legend().get_texts()] == ["mean", "standard deviation"]
    np.testing.assert_allclose(way.get_lines()[1].get_ydata(), seen.values[:, 0].mean(1))
    np.testing.assert_allclose(other_way.get_lines()[1].get_ydata(), seen.values[:, 0].mean(1) + 1.0)
    assert len(distribution.patches) == 3
    assert opinion.get_legend().get_texts()[-1].get_text() == "step 90"
    frames = figures.gaussian_frames(seen, other)
    assert len(frames) == 9
    assert all(frame.dtype == np.uint8 and frame.shape == frames[0].shape for frame in frames)
    assert not np.array_equal(frames[0], frames[-1])


def test_the_stage_writes_what_it_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_params: Callable[..., Path]
) -> None:
    write_params({"gaussian.steps": 30, "gaussian.seeds": 2, "seed": 5})
    monkeypatch.chdir(tmp_path)
    stage.main()
    metrics = artefacts.read_json(paths.GAUSSIAN)
    assert list(metrics) == ["mean", "sd", "wasserstein_1", "seeds", "published"]
    for numbers in (metrics, metrics["published"]):
        assert [entry["seed"] for entry in numbers["seeds"]] == [5, 6]
    assert metrics["wasserstein_1"] != metrics["published"]["wasserstein_1"]
    assert paths.GAUSSIAN_FIGURE.read_bytes().startswith(b"\x89PNG")
    assert paths.GAUSSIAN_FILM.read_bytes().startswith(b"GIF89a")
