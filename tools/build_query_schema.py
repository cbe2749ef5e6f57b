"""Write docs/query.schema.json: ``python -m tools.build_query_schema``."""

import json
from pathlib import Path

from huntkit.sources.queries.file_schema import file_schema

SCHEMA = Path(__file__).resolve().parents[1] / "docs" / "query.schema.json"


def main() -> None:
    """Write the file."""
    SCHEMA.write_text(json.dumps(file_schema(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
