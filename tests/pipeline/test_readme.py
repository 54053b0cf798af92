"""The README says what is so."""

import json
import re
import subprocess

import pytest
import yaml
from conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_file_it_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_it_names_exists_and_is_listed() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"make ([a-z]+)", listed))
    assert targets >= {"help", "repro", "test", "check", "bench", "clean"}
    assert set(re.findall(r"`?make ([a-z]+)[`\s]", README)) <= targets


def test_its_results_are_those_of_the_committed_run() -> None:
    done = subprocess.run(
        ["git", "show", "HEAD:metrics/summary.json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("this is no Git checkout")
    summary = json.loads(done.stdout)
    assert list(summary["variants"]) == yaml.safe_load((ROOT / "params.yaml").read_text())["active"]
    table = README.replace("**", "")
    for scores in [*summary["variants"].values(), {"title": "real images (the floor)", **summary["floor"]}]:
        noise = scores.get("sd", {})
        fid, kid = (
            format(scores[key], form) + (f" ± {format(noise[key], form)}" if key in noise else "")
            for key, form in (("fid_lite0", ".0f"), ("kid_lite0", ".2f"))
        )
        assert f"| {scores['title']} | {fid} | {kid} |" in table
