"""The training loop: it names no variant."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import torch
from torch import nn

from gans.base.errors import InputError
from gans.data.arrays import DataShape, Images
from gans.data.batches import Batches
from gans.networks import sampling
from gans.networks.contract import Variant
from gans.networks.sampling import Sampler
from gans.networks.settings import Settings
from gans.runtime import randomness
from gans.training import steps
from gans.training.averages import AveragedModule
from gans.training.distributed import ALONE, Ranks
from gans.training.live import Live
from gans.training.observer import Frames, LossCurve, Observer, Snapshots, Span
from gans.training.state import Saver, Saving
from gans.training.steps import PLAIN, Execution, Iteration
from gans.training.trained import Trained

Weights = Mapping[str, Mapping[str, torch.Tensor]]  # state dictionaries by the name of their network


def train(
    kind: type[Variant],
    settings: Settings,
    shape: DataShape,
    images: Images,
    labels: np.ndarray | None,
    device: torch.device,
    num_frames: int,
    weights: Weights | None = None,
    snapshots: Snapshots | None = None,
    saving: Saving | None = None,
    live: Live | None = None,
    how: Execution = PLAIN,
    ranks: Ranks = ALONE,
) -> Trained:
    """Return a variant trained on uint8 images (N, S, S, C) for `settings.epochs` passes of its first player.

    `labels` (N,) are for variants that are conditional; `weights` are those to start from. The same arguments on the
    same model of processor or GPU give the same bytes, also when `saving` holds the state of an earlier call with them
    that was interrupted, or of a shorter one that ended. With it, SIGINT and SIGTERM raise Stopped after the step at
    hand, whose state is saved. Raises InputError before an update by a loss or gradient that is not finite, when there
    are fewer images than a batch takes, or no labels for a variant that wants them.
    """
    if kind.conditional and (labels is None or shape.num_classes < 2):
        raise InputError(
            f"{kind.title} learns from labels, but the images have {'one class' if shape.num_classes else 'none'}; "
            "set data.condition_on to attributes of faces such as [Smiling], put a folder's images into a sub-folder "
            "for each class, or leave this variant out of active"
        )
    variant = initialised(kind, settings, shape, weights, device, how, ranks)
    average = AveragedModule(variant.generator, settings.ema_half_life)  # a copy, made before anything is compiled
    iteration = Iteration(variant, device, how, ranks)
    sampler = Sampler(average.module, shape.class_counts if kind.conditional else ())

    # An epoch is a pass of the first player, so that variants with more critic steps see as many images.
    part = ranks.part_of(settings.batch_size)
    batches = Batches(
        images,
        labels if kind.conditional else None,
        batch_size=settings.batch_size,
        random_flip=bool(settings.random_flip),
        seed=settings.seed,
        device=device,
        part=part,
    )
    first_steps = iteration.turns[0].steps
    an_epoch = Fraction(batches.per_epoch, first_steps)
    span = Span(settings.epochs, len(images), an_epoch, images_an_iteration=settings.batch_size * first_steps)
    iterations = span.iterations

    # Some watch; and all that the steps change is in `parts`, from which an interrupted training goes on.
    curve, frames = LossCurve(span, device), Frames(sampler, settings, span, num_frames, device)
    observer = Observer(kind.title, span, curve, frames, snapshots, live, shown=ranks.leads)
    watched = {"average": average.module, "curve": curve, "frames": frames}
    parts = {**variant.networks, **iteration.optimizers, **watched}
    saver = Saver(saving, parts, iteration.guard, span, ranks)
    first = iteration.guard.first = saver.resumed(kind.title)
    learn = steps.graphed(iteration)
    between_checks = 1 if device.type == "cpu" else observer.interval  # a check waits for the device

    with saver.answering_signals(), observer.watching(first):
        for done in range(first, iterations):
            # What layers draw for themselves, such as dropout, follows from the seed and the place in the run.
            torch.manual_seed(randomness.derived_seed(settings.seed, "layers", done, ranks.rank))
            inputs = []
            for step in range(done * first_steps, (done + 1) * first_steps):
                z = sampling.latents(settings.batch_size, settings, "latents", device, step)
                inputs.append((*batches[step], z[part]))

            # Every player learns, at the pace of this moment.
            iteration.set_pace(done / iterations)
            readings = learn(inputs, torch.full((), done / iterations, device=device))
            if (done + 1) % between_checks == 0:
                iteration.guard.check()

            # The average follows; then the others see what has become.
            average.update((done + 1) * span.images_an_iteration, span.images_an_iteration)
            observer.after(done + 1, readings)
            if saver.after(done + 1):
                break

    return Trained(
        variant,
        average.module,
        curve.rows(),
        steps={turn.column: iterations * turn.steps for turn in iteration.turns},
        images_seen=iterations * span.images_an_iteration,
        frames=frames.taken(),
        seconds=saver.seconds,
        symptoms=observer.symptoms(),
        went_on_after=saver.went_on_after * span.images_an_iteration,
    )


def initialised(
    kind: type[Variant],
    settings: Settings,
    shape: DataShape,
    weights: Weights | None,
    device: torch.device,
    how: Execution,
    ranks: Ranks,
) -> Variant:
    """Return the variant with its networks on the device, the same in all ranks: from the seed, or from `weights`."""
    torch.manual_seed(randomness.derived_seed(settings.seed, "weights"))
    variant = kind(settings, shape)
    if weights:
        start_from(variant.networks, weights)
    for module in variant.networks.values():
        module.to(device).to(memory_format=torch.channels_last)
        if how.synchronised:
            nn.SyncBatchNorm.convert_sync_batchnorm(module)  # its layers, in place
        ranks.take_over([*module.parameters(), *module.buffers()])
    return variant


def start_from(networks: Mapping[str, nn.Module], weights: Weights) -> None:
    """Load weights into the networks of their names; raise InputError when none has one, or one does not fit."""
    if not networks.keys() & weights.keys():
        raise InputError(f"init_from holds {', '.join(weights)}; expected weights of {' or '.join(networks)}")
    for name in networks.keys() & weights.keys():
        own = networks[name].state_dict()
        for key in [*own, *weights[name]]:
            found, expected = (tuple(some[key].shape) if key in some else "absent" for some in (weights[name], own))
            if found != expected:
                raise InputError(
                    f"init_from: in the {name}, {key} is {found}; expected {expected}: "
                    "start from weights of this variant, with the same nz, width, image_size and classes"
                )
        networks[name].load_state_dict(weights[name])
