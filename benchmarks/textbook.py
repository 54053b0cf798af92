"""The training loop as tutorials write it, to measure ours beside: nothing here is used by the pipeline.

JPEG files are decoded and transformed anew in each epoch by a DataLoader; D ends in a sigmoid, with binary cross
entropy on probabilities; real and fake batches have a backward pass each; five numbers a step are fetched from the
device; the backward pass of G also computes gradients of D, which nobody uses. Networks, initial weights, Adam and
what is learnt are those of `gans.variants.dcgan`, after Radford et al. 2015, arXiv:1511.06434, and PyTorch's tutorial.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from gans.networks import layers


class Losses(NamedTuple):
    """What the loop notes of a step."""

    d: float
    g: float
    d_real: float  # mean D(x)
    d_fake: float  # mean D(G(z)), before D's step ...
    d_fake_after: float  # ... and after it


def loader(folder: Path, size: int, batch_size: int, workers: int) -> DataLoader[tuple[torch.Tensor, torch.Tensor]]:
    """Return shuffled batches of the JPEG files in the sub-folders of `folder`: (B, 3, size, size) in [-1, 1]."""
    steps = [
        transforms.Resize(size),
        transforms.CenterCrop(size),
        transforms.ToTensor(),
        transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ]
    pictures = datasets.ImageFolder(str(folder), transform=transforms.Compose(steps))
    return DataLoader(pictures, batch_size, shuffle=True, num_workers=workers, drop_last=True)


def networks(nz: int, size: int, width: int) -> tuple[nn.Module, nn.Sequential]:
    """Return G, and D whose answers are probabilities."""
    generator, discriminator = layers.dcgan(nz, 3, size, width)
    return generator, nn.Sequential(discriminator, nn.Sigmoid())


def train(
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    generator: nn.Module,
    discriminator: nn.Module,
    latents: Callable[[int], torch.Tensor],
    device: torch.device,
    lr: float = 0.0002,
    beta1: float = 0.5,
) -> list[Losses]:
    """Return the losses of a step for each of `batches`; `latents` gives z (B, nz) for a step's number."""
    criterion = nn.BCELoss()
    adam_d = torch.optim.Adam(discriminator.parameters(), lr=lr, betas=(beta1, 0.999))
    adam_g = torch.optim.Adam(generator.parameters(), lr=lr, betas=(beta1, 0.999))
    history = []
    for step, (images, _) in enumerate(batches):
        real = images.to(device)
        ones, zeros = torch.ones(len(real), device=device), torch.zeros(len(real), device=device)

        # D learns from a batch of real images, then from one of fakes.
        discriminator.zero_grad()
        answers = discriminator(real)
        loss_real = criterion(answers, ones)
        loss_real.backward()
        d_real = answers.mean().item()
        fake = generator(latents(step))
        answers = discriminator(fake.detach())
        loss_fake = criterion(answers, zeros)
        loss_fake.backward()
        d_fake = answers.mean().item()
        adam_d.step()

        # G learns from what D now says of the same fakes.
        generator.zero_grad()
        answers = discriminator(fake)
        loss_g = criterion(answers, ones)
        loss_g.backward()
        d_fake_after = answers.mean().item()
        adam_g.step()
        history.append(Losses((loss_real + loss_fake).item(), loss_g.item(), d_real, d_fake, d_fake_after))
    return history
