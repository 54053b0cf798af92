"""The command `gans`: pictures from trained generators, what generators there are, and scores of any pictures."""

import argparse
import sys
from pathlib import Path

from gans.base import signals
from gans.base.errors import InputError, in_one_line

FEW = 3  # classes whose names stand in the list

GENERATE = """examples:
  gans generate sngan-toyfaces --count 1000 --out faces/          1,000 PNG files
  gans generate cdcgan-toyfaces --class Smiling --grid --out smiles.png
  gans generate sngan-toyfaces --interpolate --count 60 --out walk.gif
  gans generate models/dcgan --count 10000 --out dcgan.npz        for other scoring programs

Picture number i of a seed is the same in every call, and in report/explore.html."""

SCORE = """examples:
  gans score faces/ --against toyfaces
  gans score from_elsewhere.npz --against celeba --json scores.json

What it is compared with, data/reference/DATASET, comes from the pipeline: `dvc repro reference` makes it for the
data set that params.yaml names. docs/metrics.md says what each score means."""


def main() -> None:
    """Carry out the command line; end with one line on standard error and a status other than 0 where it must."""
    arguments = _parser().parse_args()
    signals.heed()
    try:
        arguments.command(arguments)
    except BrokenPipeError:  # as when `head` has seen enough
        sys.stderr.close()
        sys.exit(141)
    except (InputError, OSError, signals.Stopped) as problem:
        print(f"gans {arguments.name}: {in_one_line(problem, at_most=None)}", file=sys.stderr)
        sys.exit(problem.status if isinstance(problem, signals.Stopped) else 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gans", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="name", metavar="COMMAND")
    raw = argparse.RawDescriptionHelpFormatter

    generate = commands.add_parser("generate", help="draw pictures", epilog=GENERATE, formatter_class=raw)
    generate.set_defaults(command=_generate)
    generate.add_argument("generator", help="an entry of the zoo, a variant trained here, or a folder: see `gans list`")
    generate.add_argument("--count", type=int, default=16, help="how many (16)")
    generate.add_argument("--seed", type=int, default=0, help="which: the same seed gives the same pictures (0)")
    generate.add_argument("--out", type=Path, help="a new folder for PNG files (pictures), or a name in .zip or .npz")
    generate.add_argument("--class", dest="label", help="of which class, where the generator knows classes")
    generate.add_argument(
        "--truncation", type=float, metavar="T", help="latents from -T to T only, such as 1.5: less varied pictures"
    )
    generate.add_argument("--grid", action="store_true", help="one picture of all; --out is then a name in .png")
    generate.add_argument(
        "--interpolate",
        action="store_true",
        help="the way from picture 0 of the seed to picture 1, in the class of the first; also as .gif",
    )
    _add_device(generate)

    export = commands.add_parser("export", help="write a generator as an ONNX file, for other programs")
    export.set_defaults(command=_export)
    export.add_argument("generator", help="an entry of the zoo, a variant trained here, or a folder: see `gans list`")
    export.add_argument("--out", type=Path, help="a new name in .onnx (that of the generator)")

    known = commands.add_parser("list", help="list the generators that are here")
    known.set_defaults(command=_list)

    score = commands.add_parser("score", help="score any pictures", epilog=SCORE, formatter_class=raw)
    score.set_defaults(command=_score)
    score.add_argument("pictures", type=Path, help="a folder or .zip of pictures, or an .npz of uint8 (N, S, S, C)")
    score.add_argument("--against", required=True, metavar="DATASET", help="the real pictures, such as toyfaces")
    score.add_argument("--json", type=Path, metavar="FILE", help="write the scores there, too")
    _add_device(score)
    return parser


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", choices=("auto", "cuda", "mps", "cpu"), help="where (auto)")


def _generate(asked: argparse.Namespace) -> None:
    """Write the pictures that were asked for; what is wrong is told of before the network is read, where it can be."""
    from gans.sources.folder import SUFFIXES
    from gans.zoo import catalogue, exchange

    out = asked.out or Path("pictures.png" if asked.grid else "pictures")
    exchange.refuse_existing(out)
    least = 2 if asked.interpolate else 1
    if asked.count < least:
        raise InputError(f"--count is {asked.count}; expected a whole number of at least {least}")
    suffix = out.suffix.lower()
    film = asked.interpolate and suffix == ".gif"
    if asked.grid != (suffix == ".png") or (suffix in SUFFIXES and not film and not asked.grid):
        expected = "a name in .png with --grid, in .gif with --interpolate, else a folder or a name in .zip or .npz"
        raise InputError(f"--out is {out}; expected {expected}")
    generator = catalogue.load(asked.generator, asked.device)
    if asked.interpolate:
        first, last = generator.latents(2, asked.seed, asked.truncation)
        label = int(generator.labels(1, asked.seed)[0]) if generator.classes and not asked.label else asked.label
        blocks = iter([generator.walk(first, last, asked.count, label)])
    else:
        blocks = generator.blocks(asked.count, asked.seed, asked.label, asked.truncation)
    save = exchange.save_film if film else exchange.save_grid if asked.grid else exchange.save
    save(blocks, asked.count, out)
    made = "1 picture" if asked.count == 1 else f"{asked.count} pictures"
    print(f"{made} of {generator.title} ({generator.name}), seed {asked.seed}: {out}")


def _export(asked: argparse.Namespace) -> None:
    """Write the ONNX file, once its images were compared with PyTorch's."""
    from gans.base import publishing
    from gans.zoo import catalogue, exchange, exported

    out = asked.out or Path(f"{Path(asked.generator).name}.onnx")
    exchange.refuse_existing(out)
    if out.suffix.lower() != ".onnx":
        raise InputError(f"--out is {out}; expected a name in .onnx")
    generator = catalogue.load(asked.generator, "cpu")
    content = exported.onnx(generator)
    with publishing.published(out) as draft:
        draft.write_bytes(content)
    print(f"{generator.title} ({generator.name}), the same images as in PyTorch: {out}, {len(content) / 1e6:.1f} MB")


def _list(asked: argparse.Namespace) -> None:
    """Print a table of all generators."""
    from gans.networks import models
    from gans.pages import terminal
    from gans.zoo import catalogue

    rows = [["name", "variant", "pixels", "classes", "FID (lite0)", "trained on"]]
    for name, folder in catalogue.found().items():
        try:
            kind, _, shape = models.described(folder)
            card = catalogue.card(folder)
        except InputError as error:
            rows.append([name, "-", "-", "-", "-", "damaged"])
            print(f"gans list: {error}", file=sys.stderr)
            continue
        size = f"{shape.size} x {shape.size}" + (" grey" if shape.channels == 1 else "")
        named = ", ".join(shape.class_names) if len(shape.class_names) <= FEW else f"{shape.num_classes} kinds"
        classes = named if kind.conditional else "-"
        fid = card.get("scores", {}).get("fid_lite0")
        data = card.get("data", "here, by the last run")
        rows.append([name, kind.title, size, classes, f"{fid:.0f}" if fid else "-", data])
    print(terminal.table(rows) if len(rows) > 1 else "No generator is here; run `make repro`.")


def _score(asked: argparse.Namespace) -> None:
    """Print the scores of pictures beside those of real ones."""
    from gans.base import artefacts, paths
    from gans.data import arrays
    from gans.pages import leaderboard, terminal
    from gans.params import Params
    from gans.runtime import devices
    from gans.scoring import generators, scores
    from gans.zoo import exchange

    params, dataset = Params.load(), asked.against
    device = devices.prepare(asked.device, params.run.deterministic)
    if not paths.reference(dataset).is_dir():
        raise InputError(
            f"{paths.reference(dataset)} is missing; expected the real pictures' features there: set dataset in "
            f"params.yaml to {dataset} and run `dvc repro reference` (or `dvc pull`, where a remote has it)"
        )
    bench = generators.load_bench(dataset, params.classifier, device)
    images = exchange.read(asked.pictures, bench.data.shape.size, bench.data.shape.channels)
    if len(images) > bench.num_images:
        images = arrays.spread(images, bench.num_images)
    found = scores.rounded(scores.of_images(bench, images)) | bench.protocol() | {"n_fake": len(images)}
    sides = {asked.pictures.name: found}
    if dataset == params.dataset and paths.FLOOR.exists():  # else it is that of another data set
        sides["real pictures"] = artefacts.read_json(paths.FLOOR)
    columns = [column for column in (*leaderboard.DISTANCES, *leaderboard.CLASSES) if column.key in found]
    rows = [[c.title, *(f"{side[c.key]:{c.form}}" for side in sides.values())] for c in columns]
    print(terminal.table([["score", *sides], *rows]))
    print(f"{len(images)} pictures against {bench.num_images} real ones of {dataset}.")
    if len(images) < bench.num_images:
        print(f"Fewer pictures score worse than they are: for a fair comparison, bring {bench.num_images}.")
    if asked.json:
        artefacts.write_json(asked.json, found)


if __name__ == "__main__":
    main()
