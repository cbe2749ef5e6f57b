"""Write ``schemas.tsv``, the columns of the known tables, from the collected schemas.

    HUNTKIT_DATA=../shared/data python tools/build_schemas.py

Facts only: table names, column names and KQL types. One line per table; a column without a
letter is text, else ``name:letter``. The sources stand in the file's first lines.
"""

import gzip
import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "src" / "huntkit" / "sources" / "local" / "data" / "schemas.tsv"
LETTERS = {
    "string": "",
    "datetime": ":d",
    "long": ":l",
    "int": ":i",
    "real": ":r",
    "bool": ":b",
    "dynamic": ":y",
    "guid": ":g",
    "timespan": ":t",
    "decimal": ":m",
}
_RESOURCES = {
    **dict.fromkeys(
        ("id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId",
         "managedBy", "apiVersion"),
        "string",
    ),
    **dict.fromkeys(
        ("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"), "dynamic"
    ),
}  # fmt: skip
# Tables that the collection lacks: Resource Graph's, and Defender's first table of alerts, which
# Microsoft's documentation dropped when AlertInfo and AlertEvidence took its place.
MORE = {
    "DeviceAlertEvents": {
        "AlertId": "string",
        "Timestamp": "datetime",
        "DeviceId": "string",
        "DeviceName": "string",
        "Severity": "string",
        "Category": "string",
        "Title": "string",
        "FileName": "string",
        "SHA1": "string",
        "RemoteUrl": "string",
        "RemoteIP": "string",
        "AttackTechniques": "string",
        "ReportId": "long",
        "Table": "string",
    },
    "ResourceContainers": _RESOURCES,
    "Resources": _RESOURCES,
}
HEAD = """\
# Columns and KQL types of Microsoft Sentinel, Log Analytics and Defender XDR tables.
# Facts from Microsoft's documentation (CC-BY-4.0), by way of FalconForceTeam/KQLAnalyzer's
# environments.json and the custom tables of Azure/Azure-Sentinel (MIT).
# Written by tools/build_schemas.py; do not edit. name<TAB>column[:letter]<TAB>...
"""


def main() -> None:
    """Read the collected schemas and write the compact file."""
    folder = Path(os.environ.get("HUNTKIT_DATA") or ROOT.parent / "shared" / "data")
    with gzip.open(folder / "kql" / "schemas.json.gz", "rt", encoding="utf-8") as stream:
        collected = json.load(stream)["tables"]
    tables = {**MORE, **{name: each["columns"] for name, each in collected.items()}}
    lines = []
    for name in sorted(tables):
        columns = tables[name]
        words = [name, *(column + LETTERS[kind] for column, kind in columns.items())]
        if any("\t" in word or "\n" in word for word in words) or any(":" in c for c in columns):
            raise SystemExit(f"{name}: a name holds a separator")
        lines.append("\t".join(words))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
