"""Refuse a params.yaml that is not as it should be, before DVC puts any of its values into a command."""

import stages
from gans.base import artefacts, launchers, paths
from gans.networks.settings import SHARED_BY_ALL
from gans.params import Params


def main() -> None:
    """Check all settings, each variant's by its own model; write that they are right, and the schema for editors."""
    params = Params.load()
    from gans.networks import contract  # here, because torch takes seconds to be imported

    schema = Params.model_json_schema()
    entries = schema["properties"]["variants"]["properties"] = {}
    for variant in params.variants:
        model = contract.load(variant).Settings
        params.settings_of(variant, model)
        known = model.model_json_schema()["properties"].items()
        values = {key: value for key, value in known if key not in SHARED_BY_ALL}
        entries[variant] = {"properties": values, "additionalProperties": False}
    launchers.check_meeting_place(params.run.launcher)
    artefacts.write_json(paths.SCHEMA, schema)
    artefacts.write_json(paths.CHECKED, {"params.yaml": "as expected"})


if __name__ == "__main__":
    stages.run(main)
