"""What leaves the command line is whole, readable by programs, and harmless."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from huntkit.cli import views
from huntkit.cli.grid import cell, print_table
from huntkit.cli.options import Writing
from huntkit.cli.output import emit, formula_safe, save, write_csv, write_ndjson
from huntkit.cli.progress import amount
from huntkit.cli.target import check_output
from huntkit.core.errors import EvidenceError, UsageError
from huntkit.core.text import visible

ROWS = pl.DataFrame(
    {
        "TimeGenerated": [datetime(2026, 3, 3, 9, 12, 31, 872000, tzinfo=UTC)],
        "Took": [timedelta(seconds=90)],
        "Hosts": [["a", "b"]],
        "N": [3],
        "Empty": [None],
    },
    schema_overrides={"Empty": pl.String},
)
BAD = ["\x1b", "\x00", "\u202e", "\x9b", "\x07"]


def drawn(frame: pl.DataFrame, width: int = 120) -> str:
    out = io.StringIO()
    print_table(frame, title="T", console=Console(file=out, width=width, color_system=None))
    return out.getvalue()


def written(frame: pl.DataFrame, name: str, folder: Path, *, raw: bool = False) -> str:
    path = folder / name
    emit(frame, Writing(output=path, raw=raw), title="<T> | x")
    return path.read_text(encoding="utf-8")


def test_ndjson_keeps_every_value_and_names_the_zone() -> None:
    out = io.BytesIO()
    write_ndjson(ROWS, out)
    assert json.loads(out.getvalue()) == {
        "TimeGenerated": "2026-03-03T09:12:31.872000Z",
        "Took": "PT90S" if b"PT90S" in out.getvalue() else "PT1M30S",
        "Hosts": ["a", "b"],
        "N": 3,
        "Empty": None,
    }


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_from_ndjson_and_hides_nothing(text: str) -> None:
    out = io.BytesIO()
    write_ndjson(pl.DataFrame({"t": [text]}), out)
    assert json.loads(out.getvalue()) == {"t": text}
    shown = out.getvalue().decode()
    assert not any(bad in shown for bad in BAD)


def test_a_terminal_shows_marks_in_place_of_control_characters(hostile: pl.DataFrame) -> None:
    text = drawn(hostile)
    assert not any(bad in text for bad in BAD)
    assert "␛[31mred" in text
    assert "⟦RLO⟧" in text
    assert max(map(len, text.splitlines())) <= 120


def test_a_terminal_names_the_columns_that_do_not_fit() -> None:
    wide = pl.DataFrame({f"column_{n}": ["x" * 30] for n in range(12)})
    text = drawn(wide, width=100)
    assert "not shown: column_" in text
    assert "column_11" in text.replace("\n", "")


def test_a_terminal_shows_no_headings_over_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huntkit.cli.output.to_terminal", lambda _: True)
    emit(ROWS.clear(), Writing(), title="Peaks\x1b")
    assert capsys.readouterr().out == "Peaks␛: none\n"
    emit(ROWS, Writing(), title="Peaks")
    assert "TimeGenerated" in capsys.readouterr().out


def test_a_heading_is_whole_where_there_is_room() -> None:
    rows = pl.DataFrame(
        {"InitiatingProcessFileName": ["a.exe"], "AdditionalFields_GrantedAccess": 1}
    )
    assert all(name in drawn(rows, 100) for name in rows.columns)
    narrow = drawn(rows, 60)
    assert "AdditionalFields_Granted" in narrow
    assert rows.columns[1] not in narrow


def test_times_on_a_terminal_name_their_zone() -> None:
    assert "TimeGenerated (UTC)" in drawn(ROWS)
    assert "2026-03-03 09:12:31.872" in drawn(ROWS)


def test_csv_holds_no_formula_unless_raw(hostile: pl.DataFrame, tmp_path: Path) -> None:
    safe = pl.read_csv(io.StringIO(written(hostile, "a.csv", tmp_path)))
    assert [c for c in safe["Text"] if c.lstrip(" \t\x00")[:1] in set("=+-@\uff1d")] == []
    assert safe["Text"][4] == "'=cmd|' /C calc'!A0"
    assert safe.columns[1] == "'=Number"
    raw = pl.read_csv(io.StringIO(written(hostile, "b.csv", tmp_path, raw=True)))
    assert raw["Text"].to_list() == hostile["Text"].to_list()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
@example("a\r\n\tb\rc")
@example("tag \U000e0041, selector \U000e0100, filler \u3164\uffa0, lines \u2028\u2029")
def test_csv_shows_what_hides_unless_raw(text: str) -> None:
    out, raw = io.BytesIO(), io.BytesIO()
    write_csv(pl.DataFrame({"t\x1b": [text]}), out, raw=False)
    write_csv(pl.DataFrame({"t\x1b": [text]}), raw, raw=True)
    shown = out.getvalue().decode()
    assert shown.startswith('"t␛"\n')
    assert shown.replace("\r\n", "").replace("\t", "").replace("\n", "") == visible(
        shown.replace("\r\n", "").replace("\t", "").replace("\n", "")
    )
    assert raw.getvalue().decode() == '"t\x1b"\n"' + text.replace('"', '""') + '"\n'


def test_names_that_look_the_same_stay_two_columns() -> None:
    out = io.BytesIO()
    write_csv(pl.DataFrame({"\x1b": [1], "␛": [2], "*": ["\x1b"]}), out, raw=False)
    assert out.getvalue().decode().splitlines() == ['"␛_1","␛_2","*_3"', '1,2,"␛"']


@given(st.lists(st.text(max_size=8), max_size=5))
def test_formula_safe_only_ever_adds_an_apostrophe(texts: list[str]) -> None:
    texts = [t.encode("utf-8", "replace").decode() for t in texts]
    safe = formula_safe(pl.DataFrame({"t": texts}, schema={"t": pl.String}))["t"].to_list()
    assert all(new in (old, "'" + old) for old, new in zip(texts, safe, strict=True))
    assert all(new == "-" or not new.startswith(("=", "+", "-", "@")) for new in safe)


def test_html_escapes_everything_and_may_run_nothing(hostile: pl.DataFrame, tmp_path: Path) -> None:
    page = written(hostile, "a.html", tmp_path)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src &#x27;none&#x27;; style-src &#x27;nonce-" in page
    assert not any(bad in page for bad in BAD)
    assert "999,400 more characters" in page


def test_markdown_shows_markup_and_links_nothing(hostile: pl.DataFrame, tmp_path: Path) -> None:
    text = written(hostile, "a.md", tmp_path)
    assert not any(bad in text for bad in BAD)
    assert "<script" not in text
    assert "http://" not in text
    assert "www." not in text
    assert "](" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == hostile.height + 2
    assert {row.replace("\\|", "").count("|") for row in rows} == {3}


def test_parquet_gives_the_same_rows_back(hostile: pl.DataFrame, tmp_path: Path) -> None:
    emit(hostile, Writing(output=tmp_path / "a.parquet"), title="")
    assert pl.read_parquet(tmp_path / "a.parquet").equals(hostile)


def test_nested_values_are_json_in_csv(tmp_path: Path) -> None:
    assert '[""a"",""b""]' in written(ROWS, "a.csv", tmp_path)


def test_limit_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    emit(pl.DataFrame({"a": range(9)}), Writing(output=tmp_path / "a.csv", limit=4), title="")
    assert "4 of 9 rows shown" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.xls", "ending does not say.*spreadsheets open .csv"),
        ("old.csv", "exists"),
        ("no/a.csv", "folder"),
    ],
)
def test_a_wrong_file_is_told_before_the_work(name: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("kept")
    with pytest.raises(UsageError, match=told):
        check_output(Writing(output=tmp_path / name))
    assert (tmp_path / "old.csv").read_text() == "kept"


def test_force_replaces(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("kept")
    writing = Writing(output=tmp_path / "old.csv", force=True)
    check_output(writing)
    emit(pl.DataFrame({"a": [1]}), writing, title="")
    assert (tmp_path / "old.csv").read_text() == '"a"\n1\n'


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(stream: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(EvidenceError, match="No space left"):
        save(tmp_path / "a.csv", fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("width", [40, 80, 100, 140, 200])
def test_no_column_is_ever_without_width_and_none_is_lost(width: int) -> None:
    names = ["Value", "Table", "Column", "Text", "TimeGenerated", "_file", "_record"]
    wide = pl.DataFrame(
        {
            "Value": ["203.0.113.45"],
            "Table": ["DeviceProcessEvents"],
            "Column": ["InitiatingProcessCommandLine"],
            "Text": ["word " * 60],
            "TimeGenerated": [datetime(2026, 3, 3, 9, 12, 31, tzinfo=UTC)],
            "_file": ["/very/long/" * 20 + "name.evtx"],
            "_record": [123456],
        }
    )
    text = drawn(wide, width)
    lines = text.splitlines()
    hidden = " ".join(text.partition("not shown: ")[2].split())
    assert max(map(len, lines)) <= width
    heads = [name for name in names if any(name in line for line in lines[2:4])]
    assert heads[0] == "Value"
    assert [name for name in names if name not in heads and name not in hidden] == []
    if width >= 140:
        assert heads[:4] == names[:4]
        assert "203.0.113.45 " in text
        assert "word" in text
        assert "…" in text


def test_a_path_is_cut_at_its_front() -> None:
    text = drawn(pl.DataFrame({"path": ["/a/very/long" * 30 + "/conn.log"], "n": [1]}), 60)
    assert "/conn.log " in text
    assert "…" in text


@given(st.lists(st.text(max_size=90), min_size=1, max_size=8), st.integers(20, 160))
def test_any_text_fits_any_terminal(texts: list[str], width: int) -> None:
    texts = [t.encode("utf-8", "replace").decode() for t in texts]
    frame = pl.DataFrame({f"c{n}": [text] for n, text in enumerate(texts)})
    assert max(map(cell_len, drawn(frame, width).splitlines())) <= width


def test_hits_of_one_value_say_when_and_not_the_value_again() -> None:
    rows = pl.DataFrame({"Value": ["a", "a"], "Table": "T", "Column": "C"})
    rows = rows.with_columns(TimeGenerated=pl.lit("t"), Text=pl.lit("x"))
    assert views.hits(rows).columns == ["TimeGenerated", "Table", "Column", "Text", "Value"]
    several = rows.with_columns(Value=pl.Series(["a", "b"]))
    assert views.hits(several).columns[:2] == ["Value", "TimeGenerated"]


def test_of_a_whole_table_when_where_and_what_are_seen_first() -> None:
    names = ["EventTime", "Facility", "Computer", "SyslogMessage", "TimeGenerated", "_file"]
    rows = pl.DataFrame({name: ["x"] for name in [*names, *(f"c{n}" for n in range(9))]})
    shown = views.answer(rows)
    assert shown.columns[:4] == ["TimeGenerated", "Computer", "SyslogMessage", "EventTime"]
    assert sorted(shown.columns) == sorted(rows.columns)
    chosen = rows.select(names)  # who asked for these has put them in order
    assert views.answer(chosen).columns == names


def test_a_timeline_says_what_kind_of_event_it_was_first() -> None:
    names = ["TimeGenerated", "Table", "Host", "User", "Detail", "_file", "_record", "Kind", "Tone"]
    rows = pl.DataFrame({name: ["x"] for name in names})
    assert views.moments(rows).columns[:3] == ["TimeGenerated", "Kind", "Host"]


def test_decoded_text_comes_first_and_in_words() -> None:
    layers = [{"Encoding": "base64", "Decoded": "a", "Note": ""}]
    layers.append({"Encoding": "gzip", "Decoded": "whoami", "Note": ""})
    rows = pl.DataFrame({"Given": ["x"], "Layers": [layers], "Host": ["ws01"]})
    shown = views.decoded(rows)
    assert shown.columns[:2] == ["Decoded", "Encoding"]
    assert shown.row(0)[:2] == ("whoami", "base64 → gzip")
    assert "{" not in drawn(pl.DataFrame({"L": [layers]}))


def test_a_script_is_shown_before_the_address_that_it_hides() -> None:
    layers = [{"Encoding": "base64", "Decoded": text} for text in ("IEX (a 'aHR0=')", "http")]
    shown = views.decoded(pl.DataFrame({"Given": ["x", "y"], "Layers": [layers, layers[:1]]}))
    assert shown["Decoded"].to_list() == ["IEX (a 'aHR0=')"] * 2


def test_files_show_their_counts_before_their_hashes() -> None:
    rows = pl.DataFrame({"path": ["p" * 90], "sha256": ["0" * 64], "format": ["json"]})
    rows = rows.with_columns(rows=pl.lit(3), kept=pl.lit(2), skipped=pl.lit(1))
    text = drawn(views.files(rows), 80)
    assert all(name in text.splitlines()[2] for name in ("format", "rows", "kept", "skipped"))


def test_markdown_names_the_zone(tmp_path: Path) -> None:
    assert "| TimeGenerated (UTC) |" in written(ROWS, "a.md", tmp_path)


def test_a_single_row_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    emit(pl.DataFrame({"a": [1]}), Writing(output=tmp_path / "a.csv"), title="")
    assert capsys.readouterr().err.startswith("1 row written")


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("reading evidence", "1.5 MB of 20.0 MB"),
        ("searching", "1,500,000 of 20,000,000 rows"),
        ("looking at the evidence", "1,500,000 of 20,000,000 steps"),
    ],
)
def test_progress_names_its_unit(title: str, told: str) -> None:
    assert amount(title, 1_500_000, 20_000_000) == told
    assert "of" not in amount(title, 5, None)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (431_879_906.0, "431,879,906"),
        (-999_999.9, "-1,000,000"),
        (1e20, "1e+20"),
        (0.1234567, "0.123457"),
    ],
)
def test_large_numbers_have_no_exponent(value: float, shown: str) -> None:
    assert cell(value) == shown
