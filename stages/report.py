"""Tell the whole run on one page."""

import stages
from gans.base import artefacts, paths, publishing
from gans.pages import report, revision
from gans.params import Params


def main() -> None:
    """Write the page in HTML and Markdown, and metrics/summary.json, over the active variants."""
    params = Params.load()
    story = report.Story(
        gaussian=artefacts.read_json(paths.GAUSSIAN),
        dataset=params.dataset,
        meta=artefacts.read_json(paths.processed(params.dataset) / "meta.json"),
        settings=params.shared(),
        seeds=params.seeds,
        commit=revision.checked_out(),
        floor=artefacts.read_json(paths.FLOOR),
        classifier=artefacts.read_json(paths.CLASSIFIER),
        codes=artefacts.read_json(paths.CODES_METRICS),
        entries=[entry(params, name) for name in params.active],
    )
    with publishing.published(paths.REPORT / "index.html") as draft:
        draft.write_text(report.html(story), encoding="utf-8")
    with publishing.published(paths.REPORT / "index.md") as draft:
        draft.write_text(report.markdown(story, paths.REPORT), encoding="utf-8")
    artefacts.write_json(paths.SUMMARY, report.summary(story))


def entry(params: Params, variant: str) -> report.Entry:
    """Return what the earlier stages found out about a variant."""
    own, train = params.own(variant), artefacts.read_json(paths.train_metrics(variant))
    drawn = {name: paths.samples(variant) / name for name in (*report.PICTURES, report.BESIDE_REAL, report.ROW)}
    drawn["losses"] = paths.losses_figure(variant)
    return report.Entry(
        name=variant,
        title=train["title"],
        source=train["source"],
        nz=own.get("nz", params.nz),
        own_settings=own,
        quality=artefacts.read_json(paths.quality_metrics(variant)),
        train=train,
        speed=artefacts.read_json(paths.speed_metrics(variant)),
        pictures={name: path for name, path in drawn.items() if path.exists()},
    )


if __name__ == "__main__":
    stages.run(main)
