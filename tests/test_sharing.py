"""What others build and run from this repository: the image and the workflow."""

import re

from conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
WORKFLOW = (ROOT / ".github/workflows/tests.yml").read_text()


def test_an_image_takes_nothing_along_that_git_or_dvc_ignores() -> None:
    left_out = (ROOT / ".dockerignore").read_text().split()
    ignored = [line for line in (ROOT / ".gitignore").read_text().splitlines() if line and not line.startswith("#")]
    assert {name.strip("/") for name in ignored} <= {name.removeprefix("**/") for name in left_out}
    of_dvc = {f".dvc{line}" for line in (ROOT / ".dvc/.gitignore").read_text().split()}
    assert of_dvc <= set(left_out)


def test_image_and_workflow_call_what_make_has() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (environments,) = re.findall(r"^\$\(addprefix \$\(VENV\)/, (.*)\):", makefile, re.MULTILINE)
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE)) | {
        f"$(VENV)/{name}" for name in environments.split()
    }
    called = re.findall(r"make (?:--silent )?([\w./-]+)", WORKFLOW + re.sub("(?m)^#.*", "", DOCKERFILE))
    assert {re.sub(r".*venv(?=/)", "$(VENV)", name) for name in called} | {"repro"} <= targets
    assert 'CMD ["make", "repro"]' in DOCKERFILE


def test_a_workflow_runs_no_action_that_can_be_changed_under_it() -> None:
    actions = re.findall(r"uses: (\S+)", WORKFLOW)
    assert actions
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in actions)
    assert "permissions: {}" in WORKFLOW
