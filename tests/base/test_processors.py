"""Which processor there is, as Linux tells it."""

import platform

import pytest

from gans.base import processors

XEON = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
stepping\t: 8
flags\t\t: fpu vme sse sse2 smep avx2 fma avx512f amx_tile amx_bf16
bogomips\t: 5400.00

processor\t: 1
model name\t: another
"""
GRAVITON = """processor\t: 0
Features\t: fp asimd aes sve bf16
CPU implementer\t: 0x41
CPU part\t: 0xd40
CPU revision\t: 1
"""


def test_it_is_known_by_vendor_model_and_vector_extensions() -> None:
    assert processors.of_linux(XEON) == {
        "vendor": "GenuineIntel",
        "model": "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz (6-143-8)",
        "vector_extensions": "amx_bf16 amx_tile avx2 avx512f fma sse sse2",
    }


def test_arms_are_told_apart_by_their_numbers() -> None:
    expected = {"vendor": "0x41", "model": f"{platform.machine()} (0xd40-1)", "vector_extensions": "asimd bf16 sve"}
    assert processors.of_linux(GRAVITON) == expected


@pytest.mark.skipif(platform.system() not in ("Linux", "Darwin"), reason="the others do not tell")
def test_this_one_is_told_of() -> None:
    assert all(processors.kind().values())
    assert processors.kind() == processors.kind()
