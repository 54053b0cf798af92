"""Refuse a params.yaml that is not as it should be, before DVC puts any of its values into a command."""

import stages
from gans import artefacts, config, launchers, paths


def main() -> None:
    """Check all settings, and write the schema that they keep to: the same for all that are right."""
    launchers.check_meeting_place(config.load().run.launcher)
    artefacts.write_json(paths.SCHEMA, config.Params.model_json_schema())


if __name__ == "__main__":
    stages.run(main)
