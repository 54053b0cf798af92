"""Refuse a params.yaml that is not as it should be, before DVC puts any of its values into a command."""

import stages
from gans.base import artefacts, launchers, paths
from gans.networks import contract
from gans.params import Params


def main() -> None:
    """Check all settings, each variant's by its own model; write their schema, and that they were as expected."""
    params = Params.load()
    for variant in params.variants:
        params.settings_of(variant, contract.load(variant).Settings)
    launchers.check_meeting_place(params.run.launcher)
    artefacts.write_json(paths.SCHEMA, Params.model_json_schema())
    artefacts.write_json(paths.CHECKED, {"params.yaml": "as expected"})


if __name__ == "__main__":
    stages.run(main)
