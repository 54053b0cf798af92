"""The report: its numbers, its page, and the page in a browser."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import browser
import numpy as np
import pytest
from markup import Markup

from gans.base import paths
from gans.figures import grids
from gans.pages import report
from gans.pages.leaderboard import Result


def entry(name: str, fid: float, recall: float, nz: int = 100, **more: float) -> report.Entry:
    scores = {"fid_lite0": fid, "kid_lite0": 0.51, "recall": recall, **more}
    deviations = {"sd": {"fid_lite0": 12.0, "recall": 0.02}}
    return report.Entry(
        name=name,
        title=name.upper() + " <&>",
        source="A paper, arXiv:1511.06434",
        nz=nz,
        own_settings={"lr": 0.1},
        quality={**scores, **HOW, **deviations, "best": {"fid_lite0": fid - 1, "images": 6000}},
        train={"images_seen": 12_345, "parameters_g": 1000, "versions": {"torch": "2.14.1"}},
        speed={"seconds": 90.0, "images_per_second": 137.2, "device": "cpu"},
        pictures={
            "grid.png": PICTURE,
            "progress.gif": paths.GAUSSIAN_FILM,
            report.ROW: PICTURE,
            report.BESIDE_REAL: PICTURE,
        },
    )


REACHED = {"mean": 4.01, "sd": 1.2, "wasserstein_1": 0.1, "seeds": [{}] * 5}  # by the one-dimensional lesson
HOW = {"n_real": 20, "n_fake": 20, "extractor": "lite0"}
PICTURE = Path("grid.png")
META = {
    "num_images": 48,
    "image_size": 64,
    "splits": {"train": [0, 36], "validation": [36, 42], "test": [42, 48]},
    "crop_px": 178,
    "filter": "lanczos",
    "sha256": "ab" * 32,
}


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> report.Story:
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)
    for path in (
        PICTURE,
        paths.OVERVIEW_LOSSES,
        paths.OVERVIEW_SCORES,
        paths.GAUSSIAN_FIGURE,
        paths.CODES / "sizes.png",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        grids.save_png(path, noise[0])
    grids.save_gif(paths.GAUSSIAN_FILM, noise, milliseconds=80)
    return report.Story(
        dataset="toyfaces",
        meta=META,
        settings={"lr": 0.0002},
        seeds=3,
        commit="0123456789ab",
        floor={"fid_lite0": 72.4, "kid_lite0": 0.01, "recall": 0.9, "condition_accuracy": 0.987, **HOW},
        classifier={"num_classes": 2, "accuracy": 0.987},
        gaussian={**REACHED, "published": REACHED},
        codes={"nz_2": {"kl": 3.25}, "nz_5": {"kl": 6.5}},
        entries=[
            entry("worse", 900.0, 0.6),
            entry("better", 300.0, 0.4, condition_accuracy=0.75),
            entry("third", 1000.0, 0.5, nz=20),
        ],
    )


def test_the_tables_are_sorted_by_score_over_the_floor(story: report.Story) -> None:
    text = report.markdown(story, Path("report"))
    scores, others = (table.splitlines() for table in re.findall(r"(?:^\|.*\n)+", text, re.M))
    assert [line.split(" | ")[:3] for line in scores[2:]] == [
        ["| BETTER <&>", "**300 ± 12**", "0.51"],
        ["| WORSE <&>", "900 ± 12", "0.51"],
        ["| THIRD <&>", "1000 ± 12", "0.51"],
        ["| real images (the floor)", "72", "0.01"],
    ]
    assert others[2] == "| BETTER <&> | 75.0% | 299 | 6,000 | 12,345 | 1,000 | 1.5 | 137 |"
    assert others[-1] == "| real images (the floor) | 98.7% | - | - | - | - | - | - |"


def test_the_protocol_says_what_was_compared_and_whether_noise_is_known(story: report.Story) -> None:
    text = report.markdown(story, Path("report"))
    assert "\nMean ± standard deviation of 3 trainings" in text
    assert "20 generated images against 20 held-out real ones" in text
    assert "64 x 64 pixels, crop 178 px, lanczos." in text
    alone = dataclasses.replace(story, meta={**story.meta, "crop_px": None}, seeds=1)
    text = report.markdown(alone, Path("report"))
    assert "\nOne training each: which differences are noise is not known" in text
    assert "64 x 64 pixels, largest central square, lanczos." in text


@pytest.mark.parametrize(
    ("against", "named"), [("train", "real ones of the training split"), ("all", "real ones of all splits")]
)
def test_the_protocol_names_other_images_that_fakes_are_held_against(
    story: report.Story, against: str, named: str
) -> None:
    text = report.markdown(dataclasses.replace(story, floor={**story.floor, "against": against}), Path("report"))
    assert f"20 generated images against 20 {named}." in text
    assert "The floor is what as many other real images score." in text


def test_the_summary_holds_what_a_rerun_repeats(story: report.Story) -> None:
    summary = report.summary(story)
    assert summary["variants"]["better"]["fid_lite0"] == 300.0
    assert summary["floor"]["fid_lite0"] == 72.4
    assert "seconds" not in str(summary)


def test_the_page_is_whole_and_asks_the_network_for_nothing(story: report.Story) -> None:
    page = Markup(report.html(story))
    # the opening's; of each variant a thumbnail, a row, two pictures; the overview's, the Gaussian lesson's, the codes'
    assert len(page.pictures) == 2 + 3 * 4 + 2 + 2 + 1
    assert {link.removeprefix("#") for link in page.links} <= {
        *page.names,
        "data:,",
        "../docs/metrics.md",
        "explore.html",
    }
    assert {"better", "worse", "third"} <= set(page.names)
    for words in (
        "BETTER <&>",
        "48 images of 64 x 64 pixels: 36 train, 6 validation, 6 test.",
        "Settings of its own: lr 0.1",
        "Mean (4.01) and standard deviation (1.20) come near",
        "in nats an image: 3.2 at 2, 6.5 at 5.",
        "0123456789ab",
    ):
        assert words in page.text


def findings(story: report.Story, **changes: float) -> list[str]:
    """Return what is found when the best variant has scores of another value; None takes its deviations away."""
    worse, better, third = story.entries
    changed = dataclasses.replace(better, quality={**better.quality, **changes})
    text = report.markdown(dataclasses.replace(story, entries=[worse, changed, third]), Path("report"))
    return re.findall(r"^- (.*)", text.split("|")[0], re.M)


def test_it_opens_on_what_was_found(story: report.Story) -> None:
    first, second, third = findings(story)
    assert (
        first
        == "BETTER <&> is best: its FID (lite0) is 300, 600 below that of WORSE <&>, 35.4 times the noise over seeds."
    )
    assert second.startswith("The FID of BETTER <&> is 4.1 times the 72 of real images")
    assert "a step size that falls (`lr_end`)" in third  # the lowest FID was that of 6,000 images, of 12,345
    assert "WORSE <&> lies within the noise of it" in findings(story, fid_lite0=890.0)[0]
    unsure = findings(story, sd={})[0]  # type: ignore[arg-type]
    assert unsure.startswith("BETTER <&> has the lowest FID (lite0), 300: 600 below that of WORSE <&>.")
    assert unsure.endswith("A second seed would tell whether that is more than noise.")


@pytest.mark.parametrize(
    ("best", "scores", "advice"),
    [
        ({"images": 12_345, "fid_lite0": 300.0}, {}, "a longer training (`epochs`)"),
        ({}, {"combination_share": 0.55, "diversity": 1.0}, "only 55% of the combinations"),
        ({}, {"combination_share": 0.9, "diversity": 0.7}, "diversity 0.70"),
        ({}, {"diversity": 1.0}, "wider networks (`width`)"),
    ],
)
def test_what_to_try_next_follows_from_the_numbers(
    story: report.Story, best: dict[str, float], scores: dict[str, float], advice: str
) -> None:
    story = dataclasses.replace(story, floor={**story.floor, "combination_share": 1.0})
    assert advice in findings(story, best=best, **scores)[2]  # type: ignore[arg-type]


def agreement(fids: list[float], rotations: list[float], sd: float | None = None) -> str:
    """Return what is said of the judges, of variants A, B and so on with these two distances."""
    known = {} if sd is None else dict.fromkeys(report.JUDGES, sd)
    scores = [dict(zip(report.JUDGES, pair, strict=True)) for pair in zip(fids, rotations, strict=True)]
    (found,) = report._agreement([Result("", *of) for of in zip("ABCDE", scores, [known] * len(fids), strict=False)])
    return found


def test_it_says_that_the_judges_agree() -> None:
    found = agreement([1.0, 2.0, 3.0], [10.0, 20.0, 30.0])
    assert found.startswith("The two judges, lite0 and rotation, agree on the order of the variants.")
    assert found.endswith("Spearman's rank correlation of their FIDs is 1.00.")


def test_it_names_the_pairs_on_which_the_judges_disagree() -> None:
    found = agreement([1.0, 2.0, 3.0], [20.0, 10.0, 30.0])
    assert "disagree on 1 of 3 pairs of variants: lite0 puts A before B, rotation after it. " in found
    assert "is 0.50. How much of that is noise a second seed would tell." in found  # 1 - 6 * (1 + 1) / (3 * 8)
    turned = agreement([1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0])
    assert "disagree on 6 of 6 pairs" in turned
    assert "rotation after it; lite0 puts A before D, rotation after it; and 3 more. " in turned
    assert "is -1.00." in turned


def test_a_disagreement_within_the_noise_of_either_judge_is_none() -> None:
    assert "no pair of variants differently beyond the noise" in agreement([1.0, 2.0, 9.0], [20.0, 10.0, 30.0], 1.0)
    found = agreement([1.0, 2.0, 9.0], [20.0, 10.0, 30.0], 0.5)  # of a difference: 0.71
    assert "on 1 of 3 pairs of variants, beyond the noise of both: lite0 puts A before B" in found
    assert "seed" not in found


def test_of_one_judge_or_one_variant_no_agreement_is_told(story: report.Story) -> None:
    assert len(findings(story)) == 3
    assert report._agreement([Result("", "A", dict.fromkeys(report.JUDGES, 1.0), {})]) == []
    entries = [
        dataclasses.replace(entry, quality={**entry.quality, "fid_rotation": 1.0 + place})
        for place, entry in enumerate(story.entries)
    ]
    *_, last = findings(dataclasses.replace(story, entries=entries))
    assert "lite0 puts BETTER <&> before WORSE <&>, rotation after it" in last


def test_scores_that_tell_nothing_are_left_out_in_so_many_words(story: report.Story) -> None:
    silent = [dataclasses.replace(entry, quality={**entry.quality, "recall": 0.01}) for entry in story.entries]
    quiet = dataclasses.replace(story, entries=silent)
    for text in (report.markdown(quiet, Path("report")), Markup(report.html(quiet)).text):
        assert "Left out: recall; it is next to zero for every variant" in text
        assert "recall\N{NO-BREAK SPACE}↑" not in text
    assert report.summary(quiet)["variants"]["better"]["recall"] == 0.01
    assert "Left out" not in report.markdown(story, Path("report"))


def test_a_note_stands_under_the_title(story: report.Story) -> None:
    noted = dataclasses.replace(story, note="Another processor <&>.")
    for text in (report.markdown(noted, Path("report")), Markup(report.html(noted)).text):
        assert "Another processor <&>." in text


def test_markdown_links_its_pictures(story: report.Story) -> None:
    text = report.markdown(story, Path("report"))
    assert f"\n![BETTER <&>: {report.PICTURES['grid.png']}](../grid.png)\n" in text
    assert "\n![Samples of each size.](../samples/codes/sizes.png)\n" in text


@pytest.fixture
def tab(story: report.Story, tmp_path: Path) -> Iterator[browser.Page]:
    """The report in Chromium."""
    with browser.chromium(tmp_path / "profile") as page:
        path = tmp_path / "index.html"
        path.write_text(report.html(story), encoding="utf-8")
        page.open(path)
        yield page


FIRST_CELLS = "[...document.querySelectorAll('#leaderboard tbody tr')].map(row => row.cells[0].innerText.trim())"


def heading(text: str) -> str:
    return f"[...document.querySelectorAll('th button')].find(button => button.innerText.startsWith('{text}'))"


def test_in_a_browser_it_sorts_by_mouse_and_keyboard_and_says_so(tab: browser.Page) -> None:
    better, worse, third = "BETTER <&>", "WORSE <&>", "THIRD <&>"
    assert tab.evaluate(FIRST_CELLS) == [better, worse, third]
    tab.evaluate(f"{heading('recall')}.click()")  # more is better
    assert tab.evaluate(FIRST_CELLS) == [worse, third, better]
    assert tab.evaluate(f"{heading('recall')}.closest('th').ariaSort") == "descending"
    assert tab.evaluate("document.querySelectorAll('[aria-sort]').length") == 1
    tab.evaluate(f"{heading('recall')}.click()")
    assert tab.evaluate(FIRST_CELLS) == [better, third, worse]
    tab.evaluate(f"{heading('class as asked')}.click()")  # one has a number: it comes first, whichever way
    assert tab.evaluate(FIRST_CELLS)[0] == better

    tab.evaluate("document.querySelector('.scroll').focus()")
    tab.press("Tab", 9)
    assert tab.evaluate("document.activeElement.innerText").startswith("FID (lite0)")
    tab.press("Enter", 13)
    assert tab.evaluate(FIRST_CELLS) == [better, worse, third]
    tab.press("Enter", 13)
    assert tab.evaluate(FIRST_CELLS) == [third, worse, better]
    assert tab.evaluate("document.querySelector('tfoot tr').innerText").startswith("real images")


def test_in_a_browser_a_thumbnail_enlarges_its_grid_and_a_picture_itself(tab: browser.Page) -> None:
    shown, grid = "document.querySelector('dialog[open] img').alt", f"BETTER <&>: {report.PICTURES['grid.png']}"
    tab.evaluate("document.querySelector('[data-enlarge=better]').click()")
    assert tab.evaluate(shown) == grid
    tab.evaluate("document.querySelector('dialog').click()")
    assert tab.evaluate("document.querySelector('dialog[open]')") is None
    tab.evaluate("document.querySelector('.opening img').focus()")
    tab.press("Enter", 13)
    assert tab.evaluate(shown) == "Held-out real images"


def test_in_a_browser_nothing_is_missing_and_nothing_leaves_the_page(tab: browser.Page) -> None:
    tab.evaluate("Promise.all([...document.images].map(image => { image.loading = 'eager'; return image.decode() }))")
    assert tab.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert tab.said("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []
    addresses = [event["request"]["url"] for event in tab.said("Network.requestWillBeSent")]
    assert [address for address in addresses if not address.startswith("data:")] == addresses[:1]
    assert addresses[0].startswith("file:")


def test_in_a_browser_it_fits_a_phone_and_follows_the_dark(tab: browser.Page) -> None:
    tab.follows_the_dark()
    tab.fits_a_phone()
    assert tab.evaluate("getComputedStyle(document.body).fontSize") == "16px"


def test_what_a_training_went_on_from_and_what_went_wrong_is_told(story: report.Story) -> None:
    first, *others = story.entries
    first = dataclasses.replace(
        first, speed={**first.speed, "went_on_after": 6000}, train={**first.train, "symptoms": {"d_has_won": 2048}}
    )
    assert "went on" not in report.html(story)
    text = report.markdown(dataclasses.replace(story, entries=[first, *others]), Path("report"))
    assert "This training went on from one that had ended after 6,000 images." in text
    assert "After 2,048 images, D tells all fakes" in text
