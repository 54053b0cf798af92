"""Bring the README's results table and picture up to the last run of the pipeline.

The table is the one in report/index.md, the picture that of the variant with the lowest FID: nothing is typed by hand.
"""

import json
import re
import shutil
import sys
from pathlib import Path

README, REPORT, SUMMARY = Path("README.md"), Path("report/index.md"), Path("metrics/summary.json")
PICTURE, SAMPLES = Path("docs/images/real_vs_fake.png"), Path("samples")
RESULTS = re.compile(r"(<!-- results -->\n).*?(<!-- /results -->)", re.DOTALL)


def table_in(report: str) -> str:
    """Return the first Markdown table of a report, and the paragraph under it that tells its protocol."""
    match = re.search(r"(?:^\|.*\n)+\n.*\n", report, re.MULTILINE)
    if not match:
        sys.exit(f"{REPORT} holds no table; expected a report written by the pipeline: run `make repro`")
    return match[0]


def main() -> None:
    """Rewrite the README between its two marks, and copy the picture."""
    if not REPORT.exists():
        sys.exit(f"{REPORT} is missing; expected the last run's report: run `make repro`")
    table = table_in(REPORT.read_text(encoding="utf-8"))
    text = README.read_text(encoding="utf-8")
    text, count = RESULTS.subn(lambda marks: f"{marks[1]}{table}{marks[2]}", text)
    if count != 1:
        sys.exit(f"{README} has {count} places for the results; expected one between <!-- results --> and its end")
    README.write_text(text, encoding="utf-8")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    variants = json.loads(SUMMARY.read_text(encoding="utf-8"))["variants"]
    best = min(variants, key=lambda name: float(variants[name]["fid_lite0"]))
    shutil.copyfile(SAMPLES / best / PICTURE.name, PICTURE)


if __name__ == "__main__":
    main()
