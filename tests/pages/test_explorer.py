"""The explorer: its page, and generators at work in a browser."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import numpy as np
import pytest
import torch
from conftest import ROOT
from generators import untrained
from markup import Markup

from gans.networks import contract
from gans.networks.settings import AdversarialSettings
from gans.pages import explorer
from gans.params import Params
from gans.zoo import graph, latents
from gans.zoo.generator import Generator
from gans.zoo.graph import Layer

NZ = 8
AXES = {"Wearing_Hat": [0.0] * 7 + [1.0], "component 1": [1.0] + [0.0] * 7}


def network(generator: Generator, **changes: Any) -> explorer.Network:
    """Return a generator as the page has it."""
    layers = graph.traced(generator.sampler.generator, generator.nz, len(generator.classes))
    title = generator.title + " <&>"
    network = explorer.Network.of(generator, title=title, summary="", directions=AXES, layers=layers)
    return dataclasses.replace(network, **changes)


@pytest.fixture(scope="module")
def generators() -> dict[str, Generator]:
    """Every variant in colour, and one in grey, by their names in the page."""
    values = Params.load(ROOT / "params.yaml").shared() | {"image_size": 16, "width": 4, "nz": NZ}
    shared = AdversarialSettings(**values)
    found = {name: untrained(name, shared) for name in contract.names()}
    return found | {"grey": dataclasses.replace(untrained("dcgan", shared, channels=1), name="grey")}


@pytest.fixture(scope="module")
def page(generators: dict[str, Generator], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of four networks that it unpacks at once."""
    path = tmp_path_factory.mktemp("page") / "explore.html"
    some = [network(generators[name]) for name in ("cdcgan", "sngan", "vae", "r3gan")]
    path.write_text(explorer.html(some), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole_page(generators: dict[str, Generator], page: Path) -> Path:
    """A page of all networks."""
    path = page.with_name("whole.html")
    path.write_text(explorer.html([network(generator) for generator in generators.values()]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    with browser.chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(chromium: browser.Page, page: Path) -> browser.Page:
    """The page, just opened."""
    chromium.events.clear()
    visit(chromium, page, "")
    return chromium


def visit(tab: browser.Page, page: Path, address: str) -> None:
    """Open the page anew at an address within it, and wait for its picture."""
    tab.call("Page.navigate", url="about:blank")
    tab.call("Page.navigate", url=page.as_uri() + address)
    tab.evaluate("new Promise(done => { const look = () => window.explorer ? done() : setTimeout(look, 10); look(); })")
    settled(tab)


def settled(tab: browser.Page) -> None:
    """Wait until the picture is that of the page's place."""
    tab.evaluate("(async () => { while (drawing) await drawing; await explorer.ready; })()")


def shown(tab: browser.Page) -> np.ndarray:
    """Return the pixels of the picture, uint8 (16, 16, 3)."""
    settled(tab)
    values = tab.evaluate("[...small.getContext('2d').getImageData(0, 0, small.width, small.height).data]")
    return np.array(values, dtype=np.uint8).reshape(16, 16, 4)[:, :, :3]


def near(made: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(made.astype(int) - expected.astype(int)).max() <= 2)


@pytest.mark.parametrize("name", [*contract.names(), "grey"])
def test_in_a_browser_every_variant_makes_the_pixels_of_pytorch(
    chromium: browser.Page, whole_page: Path, generators: dict[str, Generator], name: str
) -> None:
    if chromium.evaluate("location.pathname") != str(whole_page):
        visit(chromium, whole_page, "#")
    generator = generators[name]
    z, labels = generator.latents(4, seed=3), [0, 2, 1, 2]
    asked = torch.tensor(labels) if generator.classes else None
    expected = generator.images(z, asked)
    assert expected.std() > 20
    for latent, label, image in zip(z.tolist(), labels, expected, strict=True):
        values = chromium.evaluate(f"explorer.pixels('{name}', {latent}, {label}).then(pixels => [...pixels])")
        pixels = np.array(values).reshape(16, 16, 4)
        assert near(pixels[:, :, :3], np.broadcast_to(image, (16, 16, 3)))
        assert (pixels[:, :, 3] == 255).all()


@pytest.mark.parametrize(("seed", "index"), [(0, 0), (7, 3), (2**32 - 1, 999_999)])
def test_in_a_browser_a_seed_names_the_latents_that_it_names_in_python(
    tab: browser.Page, seed: int, index: int
) -> None:
    found = np.array(tab.evaluate(f"[...explorer.latent({seed}, {index}, 203)]"))
    np.testing.assert_allclose(found, latents.drawn(1, 203, seed, start=index)[0].numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["vae", "cdcgan"])
def test_in_a_browser_an_address_shows_the_picture_of_its_seed_and_number(
    tab: browser.Page, page: Path, generators: dict[str, Generator], name: str
) -> None:
    expected = generators[name](8, seed=7)
    for number in (3, 7):
        visit(tab, page, f"#net={name}&seed=7&at={number}")
        assert near(shown(tab), expected[number])


def test_in_a_browser_a_slider_is_moved_by_keys_and_undone(tab: browser.Page, generators: dict[str, Generator]) -> None:
    before = shown(tab)
    slider = "document.querySelector('[data-direction=Wearing_Hat]')"
    assert tab.evaluate(f"{slider}.closest('label').innerText").split("\n")[0] == "Wearing hat"
    tab.evaluate(f"{slider}.focus()")
    for _ in range(20):
        tab.press("ArrowRight", 39)
    assert tab.evaluate(f"{slider}.nextSibling.textContent") == "2.0"
    moved = generators["cdcgan"].latents(1) + 2 * torch.tensor(AXES["Wearing_Hat"])
    assert tab.evaluate("state.net") == "cdcgan"
    label = torch.tensor([tab.evaluate("labelOf(state)")])
    assert near(shown(tab), generators["cdcgan"].images(moved, label)[0])
    assert "along=Wearing_Hat%3A2" in tab.evaluate("location.hash")

    tab.evaluate("undo.click()")
    assert tab.evaluate(f"{slider}.nextSibling.textContent") == "1.9"
    for _ in range(19):
        tab.call("Input.dispatchKeyEvent", type="keyDown", key="z", windowsVirtualKeyCode=90, modifiers=2)
    assert (shown(tab) == before).all()
    assert tab.evaluate("undo.disabled")
    tab.evaluate("redo.click()")
    assert tab.evaluate(f"{slider}.nextSibling.textContent") == "0.1"


def test_in_a_browser_a_neighbour_is_moved_to_and_its_address_leads_back(tab: browser.Page, page: Path) -> None:
    first = shown(tab)
    tab.evaluate("wall.children[4].click()")
    second = shown(tab)
    assert not near(second, first)
    address = tab.evaluate("location.hash")
    assert "&z=" in address
    tab.evaluate("undo.click()")
    assert (shown(tab) == first).all()
    visit(tab, page, address)
    assert (shown(tab) == second).all()


@pytest.mark.parametrize(
    "address",
    ["#net=nobody&seed=-1&at=x&class=9&along=constructor:1,component 1:99&z=$", "#seed=1e99&along=:&z=AAAA", "#%%%"],
)
def test_in_a_browser_a_damaged_address_shows_a_picture_all_the_same(
    tab: browser.Page, page: Path, address: str
) -> None:
    first = shown(tab)
    visit(tab, page, address)
    assert (shown(tab) == first).all()
    assert tab.said("Runtime.exceptionThrown") == []


def test_in_a_browser_networks_and_classes_are_chosen(tab: browser.Page, generators: dict[str, Generator]) -> None:
    tab.evaluate("element('network').value = 'cdcgan'; element('network').dispatchEvent(new Event('change'))")
    names = tab.evaluate("[...document.querySelectorAll('#classes label')].map(label => label.innerText.trim())")
    assert names == ["one", "two", "Wearing <Hat>"]
    for label in (2, 0):
        tab.evaluate(f"document.querySelectorAll('[name=class]')[{label}].click()")
        expected = generators["cdcgan"].images(generators["cdcgan"].latents(1), torch.tensor([label]))
        assert near(shown(tab), expected[0])
        assert f"class={label}" in tab.evaluate("location.hash")
    tab.evaluate("element('network').value = 'vae'; element('network').dispatchEvent(new Event('change'))")
    assert tab.evaluate("getComputedStyle(classes).display") == "none"
    assert near(shown(tab), generators["vae"](1)[0])


def test_in_a_browser_two_pictures_are_mixed_along_an_arc(tab: browser.Page, generators: dict[str, Generator]) -> None:
    assert tab.evaluate("mix.disabled")
    tab.evaluate("element('network').value = 'sngan'; element('network').dispatchEvent(new Event('change'))")
    for side, number in (("A", 0), ("B", 5)):
        tab.evaluate(f"at.value = {number}; at.dispatchEvent(new Event('change'))")
        settled(tab)
        tab.evaluate(f"keep{side}.click()")
        tab.evaluate(
            f"new Promise(done => {{ const look = () => kept.{side} ? done() : setTimeout(look, 5); look(); }})"
        )
    generator = generators["sngan"]
    way = generator.walk(generator.latents(1)[0], generator.latents(1, start=5)[0], steps=5)
    for step, share in enumerate((0, 25, 50, 75, 100)):
        tab.evaluate(
            f"mix.value = {share}; mix.dispatchEvent(new Event('input')); mix.dispatchEvent(new Event('change'))"
        )
        assert near(shown(tab), way[step])


def test_in_a_browser_a_walk_plays_until_it_is_stopped(tab: browser.Page) -> None:
    first = shown(tab)
    tab.evaluate("element('play').click(); new Promise(done => setTimeout(done, 300))")
    assert tab.evaluate("element('play').textContent") == "Stop"
    tab.evaluate("element('play').click(); new Promise(done => setTimeout(done, 100))")
    assert tab.evaluate("element('play').textContent") == "Play a walk"
    assert not near(shown(tab), first)
    tab.evaluate("undo.click()")
    assert (shown(tab) == first).all()


def test_in_a_browser_the_picture_is_saved_as_png(tab: browser.Page) -> None:
    script = "new Promise(done => { download = (content, ending) => done([content.type, ending]); save.click() })"
    assert tab.evaluate(script) == ["image/png", "png"]


def test_in_a_browser_nothing_leaves_the_page_and_nothing_goes_wrong(tab: browser.Page, page: Path) -> None:
    tab.evaluate("wall.children[0].click()")
    settled(tab)
    assert tab.said("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []
    addresses = [event["request"]["url"] for event in tab.said("Network.requestWillBeSent")]
    assert [address for address in addresses if not address.startswith(("data:", "blob:", "about:"))] == [page.as_uri()]


def test_in_a_browser_it_fits_a_phone_and_follows_the_dark(tab: browser.Page) -> None:
    tab.follows_the_dark()
    tab.fits_a_phone()
    tab.evaluate("document.querySelector('#components').scrollIntoView()")
    top, bottom = tab.evaluate("[picture.getBoundingClientRect().top, picture.getBoundingClientRect().bottom]")
    assert 0 <= top < bottom < 400  # the picture stays in sight of the sliders
    tab.call("Emulation.clearDeviceMetricsOverride")
    tab.call("Emulation.setEmulatedMedia", features=[])


def test_in_a_browser_every_control_has_a_name(tab: browser.Page) -> None:
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "slider", "radio", "combobox", "spinbutton", "checkbox", "img"}
    controls = [node for node in nodes if node.get("role", {}).get("value") in roles and not node["ignored"]]
    assert len(controls) > 25
    assert [node for node in controls if not node["name"].get("value")] == []


def test_a_network_of_too_many_weights_is_left_out_by_its_name() -> None:
    many = np.broadcast_to(np.float32(0), (explorer.MAX_WEIGHTS + 1, 1))
    facts = {"size": 4, "channels": 1, "nz": 1, "class_names": (), "class_counts": (), "directions": {}}
    huge = explorer.Network("huge", "Huge <&>", "", layers=[Layer("linear", (), (1,), many)], **facts)  # type: ignore[arg-type]
    page = Markup(explorer.html([huge]))
    assert "Huge <&> is not here: its 6,000,001 weights would be too many" in page.text
    assert "gans generate huge" in page.text
    assert "No trained generator is here yet" in page.text
    unknown = dataclasses.replace(huge, lacking="the engine does not know aten.selu")
    assert "Huge <&> is not here: the engine does not know aten.selu. Type" in Markup(explorer.html([unknown])).text


def test_weights_are_whole_numbers_of_a_small_step_and_come_back() -> None:
    source = np.random.default_rng(0)
    weight = source.normal(size=(6, 300)).astype(np.float32) * np.array([[1], [10], [1e-4], [0], [1], [1]])
    weight[4, 0] = 1e4  # far from all others of its row
    numbers, steps = explorer.whole_numbers(weight)
    assert numbers.dtype == np.int16
    assert (np.abs(numbers * steps[:, None] - weight) <= steps[:, None] / 2 * 1.001).all()
    assert (steps[:3] <= weight[:3].std(1) / 900).all()
    assert (numbers[3] == 0).all()
