"""The report and its tables."""

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from gans import images, report


@pytest.fixture
def story(tmp_path: Path) -> report.Story:
    picture = tmp_path / "grid.png"
    images.save_png(picture, np.zeros((4, 4, 3), np.uint8))

    def entry(name: str, fid: float, **more: float) -> report.Entry:
        return report.Entry(
            name=name,
            title=name.upper() + " <&>",
            source="A paper, arXiv:1511.06434",
            own_settings={"lr": 0.1},
            quality={"fid_lite0": fid, "kid_lite0": 0.51, "n_real": 20, "n_fake": 20, "extractor": "lite0", **more},
            train={"images_seen": 12_345, "parameters_g": 1000, "versions": {"torch": "2.14.1"}},
            speed={"seconds": 90.0, "images_per_second": 137.2, "device": "cpu"},
            pictures={"grid.png": picture},
        )

    meta = {
        "num_images": 48,
        "image_size": 64,
        "splits": {"train": [0, 36], "validation": [36, 42], "test": [42, 48]},
        "crop_px": 178,
        "filter": "lanczos",
        "sha256": "ab" * 32,
    }
    floor = {"fid_lite0": 72.4, "kid_lite0": 0.01, "n_real": 20, "n_fake": 20, "extractor": "lite0"}
    gaussian = {"mean": 4.01, "sd": 1.2, "wasserstein_1": 0.1, "seeds": [{}] * 5}
    codes = {"nz_2": {"kl": 3.25}, "nz_5": {"kl": 6.5}}
    images.save_png(tmp_path / "sizes.png", np.zeros((4, 4, 3), np.uint8))
    return report.Story(
        dataset="toyfaces",
        meta=meta,
        settings={"lr": 0.0002},
        floor=floor,
        classifier={"num_classes": 2, "accuracy": 0.987},
        gaussian=gaussian,
        entries=[entry("worse", 900.0), entry("better", 300.0, condition_accuracy=0.75)],
        lessons=[report.gaussian_lesson(gaussian, picture, picture), report.codes_lesson(codes, tmp_path)],
    )


def test_the_table_is_sorted_by_score_over_the_floor(story: report.Story) -> None:
    header, *rows = report.results_table(story)
    assert [row[0] for row in rows] == ["BETTER <&>", "WORSE <&>", "real images (the floor)"]
    assert rows[0] == ["BETTER <&>", "300", "0.51", "75.0%", "12,345", "1,000", "-", "1.5", "137"]
    assert rows[1][3] == "-"
    assert rows[2][3] == "98.7%"
    assert {len(row) for row in rows} == {len(header)}


def test_the_protocol_says_what_was_cropped_and_what_the_columns_mean(story: report.Story) -> None:
    assert "Crop 178 px, lanczos, 64 x 64 pixels, one seed. Class as asked:" in report.protocol(story)
    uncropped = dataclasses.replace(story, meta={**story.meta, "crop_px": None}, entries=story.entries[:1])
    assert report.protocol(uncropped).endswith("Largest central square, lanczos, 64 x 64 pixels, one seed.")


def test_the_summary_holds_what_a_rerun_repeats(story: report.Story) -> None:
    summary = report.summary(story)
    assert summary["variants"]["better"]["fid_lite0"] == 300.0
    assert summary["floor"]["fid_lite0"] == 72.4
    assert "seconds" not in str(summary)


class Page(HTMLParser):
    """What a browser would load, and whether each tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "link", "br"):
            self.open.append(tag)
        if tag == "img":
            assert dict(attrs)["alt"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_asks_the_network_for_nothing(story: report.Story) -> None:
    text = report.html(story)
    page = Page()
    page.feed(text)
    assert page.open == []
    assert len(page.sources) == 2 + 2 + 1  # no manifold was drawn
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not re.search(r"https?://|@import|url\(", text)
    assert "BETTER <&>" in page.text
    assert "Settings of its own: lr 0.1" in page.text
    assert "the median of 5 seeds has mean 4.01, standard deviation 1.20" in page.text
    assert "in nats an image: 3.2 at 2, 6.5 at 5." in page.text
    assert "$" not in page.text


def test_markdown_links_its_pictures(story: report.Story, tmp_path: Path) -> None:
    text = report.markdown(story, Path("report"))
    assert "| real images (the floor) | 72 | 0.01 | 98.7% | - | - | - | - | - |" in text
    assert f"(../{'/'.join((tmp_path / 'grid.png').parts)})" in text
