"""What reading one source file takes from the file itself."""

import os
from datetime import UTC, datetime
from pathlib import Path

import huntkit


def test_a_log_without_years_is_of_the_year_in_which_its_file_was_written(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text(
        "Dec 30 23:00:00 web01 sshd[12]: Failed password for root from 203.0.113.9 port 1 ssh2\n"
        "Mar  3 09:12:00 web01 sshd[12]: Failed password for root from 203.0.113.9 port 1 ssh2\n"
    )
    written = datetime(2022, 3, 4, tzinfo=UTC).timestamp()
    os.utime(log, (written, written))
    with huntkit.open(log, cache=False, frame="polars") as evidence:
        rows = evidence.table("Syslog").sort("_record")
    assert rows["TimeGenerated"].to_list() == [
        datetime(2021, 12, 30, 23, tzinfo=UTC),
        datetime(2022, 3, 3, 9, 12, tzinfo=UTC),
    ]
    assert set(rows["_time_note"]) == {"year assumed, zone assumed"}


def test_what_was_repaired_is_told_of_each_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"a": "\xe9"}\n{"a": 18446744073709551617}\n')
    (tmp_path / "b.csv").write_bytes(b"a,b,c\n1,2,3\n4,5\n6,7,8\n")
    (tmp_path / "c.csv").write_bytes(b"a,b,c\n1,2,3\n4,5,6\n")
    with huntkit.open(tmp_path, cache=False, frame="polars") as evidence:
        told = {Path(row["path"]).name: row["repaired"] for row in evidence.files.to_dicts()}
        assert evidence.files["complete"].all()
    assert told == {
        "a.json": "1 repaired: integer beyond 64 bits; 1 repaired: invalid UTF-8",
        "b.csv": "1 repaired: row shorter than the header",
        "c.csv": "",
    }
