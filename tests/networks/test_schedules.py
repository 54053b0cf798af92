"""Numbers that change over a training."""

import pytest
import torch

from gans.networks.schedules import ramped


@pytest.mark.parametrize(("share", "expected"), [(0.0, 2.0), (0.5, 1.1), (1.0, 0.2), (1.7, 0.2), (0.25, 1.736396)])
def test_half_a_cosine_leads_from_start_to_end_and_stays_there(share: float, expected: float) -> None:
    assert ramped(2.0, 0.2, share) == pytest.approx(expected)
    assert ramped(2.0, 0.2, torch.tensor(share)).item() == pytest.approx(expected)


def test_what_does_not_change_is_exactly_itself() -> None:
    assert all(ramped(0.0002, 0.0002, i / 7) == 0.0002 for i in range(8))
