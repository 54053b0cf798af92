"""How many processor cores there are for us, and of which kind they are."""

import os
import platform
import subprocess
import sys
from pathlib import Path

LISTED = Path("/proc/cpuinfo")  # on Linux
VECTOR = ("sse", "ssse", "avx", "fma", "f16c", "amx", "asimd", "bf16", "i8mm", "sve")  # beginnings of extensions


def num_cores() -> int:
    """Return the cores that this process may use, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def kind() -> dict[str, str]:
    """Return the processor's vendor, model and vector extensions, as far as the system tells them.

    Libraries choose their code by these, and by the sizes of caches, which the model's numbers stand for.
    """
    if sys.platform == "darwin":
        words = ["sysctl", "-n", "machdep.cpu.brand_string"]
        name = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
        return {"vendor": name.split(" ")[0], "model": name, "vector_extensions": platform.machine()}
    return of_linux(LISTED.read_text() if LISTED.exists() else "")


def of_linux(listed: str) -> dict[str, str]:
    """Return what /proc/cpuinfo says of the first core; of ARM it knows the maker and the part by their numbers."""
    lines = [line.partition(":") for line in listed.partition("\n\n")[0].splitlines()]
    facts = {key.strip(): value.strip() for key, _, value in lines}
    numbers = [facts[key] for key in ("cpu family", "model", "stepping", "CPU part", "CPU revision") if key in facts]
    extensions = {flag for flag in facts.get("flags", facts.get("Features", "")).split() if flag.startswith(VECTOR)}
    return {
        "vendor": facts.get("vendor_id", facts.get("CPU implementer", "unknown")),
        "model": f"{facts.get('model name', platform.machine())} ({'-'.join(numbers)})",
        "vector_extensions": " ".join(sorted(extensions)),
    }
