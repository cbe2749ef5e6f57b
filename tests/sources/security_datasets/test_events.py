"""Records of files, as they were recorded."""

import io
import json
import zipfile

import pytest

from huntkit.core.errors import Cancelled
from huntkit.sources.security_datasets.events import read_events


def nothing() -> None:
    """Never stops."""


def test_every_record_of_every_member_is_a_row(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.json", '{"a": 3}\n')
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("one.json", '{"a": 1, "b": {"c": [1]}}\n{"a": "two"}\n')
        archive.writestr("more.csv", "a,b\n4,x\n")
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("capture.cap", b"\xd4\xc3\xb2\xa1" + bytes(range(256)))
    found = read_events([tmp_path / "x.zip"], most=100, check=nothing)
    rows = found.table().to_pylist()
    assert sorted((row["a"], row["b"]) for row in rows if row["b"]) == [
        ("1", '{"c":[1]}'), ("4", "x")]  # fmt: skip
    assert {row["a"] for row in rows} == {"1", "two", "3", "4"}
    assert found.table().column_names[-2:] == ["_file", "_record"]
    assert [each for each in found.problems if "capture.cap" in each]
    assert len(found.problems) == 1


def test_lines_that_are_cut_off_are_counted(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1}\n{"a": \n{"a": 3}\n')
    found = read_events([tmp_path / "x.json", tmp_path / "none.json"], most=10, check=nothing)
    assert [row["a"] for row in found.rows] == [1, 3]
    assert "1 records could not be read" in found.problems[0]
    assert "none.json" in found.problems[1]


def test_columns_are_what_all_their_values_are(tmp_path):
    records = [{"i": 1, "f": 1, "b": True, "big": 1 << 70, "mixed": 1, "n": None, "x": 1 << 53},
               {"i": 2, "f": 0.5, "b": False, "big": 2, "mixed": "a", "x": 0.5}]  # fmt: skip
    (tmp_path / "x.json").write_text("\n".join(map(json.dumps, records)))
    table = read_events([tmp_path / "x.json"], most=10, check=nothing).table()
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds == {
        "i": "int64", "f": "double", "b": "bool", "big": "string", "mixed": "string",
        "n": "string", "x": "double", "_file": "string", "_record": "int64",
    }  # fmt: skip
    assert table.column("big").to_pylist() == [str(1 << 70), "2"]


def test_it_stops_when_it_should(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1}\n' * 10)
    cut = read_events([tmp_path / "x.json"], most=3, check=nothing)
    assert len(cut.rows) == 3
    assert "only the first 3" in cut.gaps(3)[0].reason
    exact = read_events([tmp_path / "x.json"], most=10, check=nothing)
    assert exact.gaps(10) == []

    def stop() -> None:
        raise Cancelled("the query was cancelled")

    with pytest.raises(Cancelled):
        read_events([tmp_path / "x.json"], most=3, check=stop)
    assert read_events([], most=3, check=nothing).table().num_rows == 0
