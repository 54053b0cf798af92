"""The house: which way its arrows go, what lives in a room, and how far a number or an image has to walk in it."""

import ast
import inspect
from collections import Counter
from pathlib import Path

import follow
import pytest
from conftest import ROOT
from importlinter.cli import lint_imports

from gans.training import loop

LIBRARY = ROOT / "src" / "gans"
PACKAGES = sorted(path.parent for path in LIBRARY.glob("*/__init__.py"))
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_arrows_between_packages_go_one_way() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_says_in_three_lines_what_lives_there_and_holds_no_code_of_its_own(package: Path) -> None:
    tree = ast.parse((package / "__init__.py").read_text())
    assert len(tree.body) == 1
    said = [line for line in (ast.get_docstring(tree) or "").splitlines() if line]
    assert len(said) == 3


def test_no_two_classes_have_one_name() -> None:
    names = [
        node.name
        for path in LIBRARY.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_the_loop_is_one_that_can_be_seen_at_once() -> None:
    assert len(inspect.getsource(loop.train).splitlines()) < 100


@pytest.mark.parametrize(("what", "at_most"), [("lr", 8), ("image", 18)])
def test_ways_are_short_and_told_as_they_are(what: str, at_most: int, toyfaces_folder: Path) -> None:
    found = follow.way(what, toyfaces_folder)
    assert 5 < len(found) <= at_most
    listed = "\n".join(f"{number:2d} {name}" for number, name in enumerate(found, start=1))
    assert listed in PAGE, f"docs/architecture.md lists another way; python tests/follow.py {what} gives\n{listed}"


def test_every_room_stands_on_the_page_and_in_the_readme() -> None:
    for package in PACKAGES:
        assert f"`{package.name}/`" in PAGE, package.name
        assert f"{package.name}/" in (ROOT / "README.md").read_text(), package.name
