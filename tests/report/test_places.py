"""Names of files that fit a column."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.report.pages import render
from huntkit.report.places import LONGEST, short_names
from huntkit.report.section import with_place
from huntkit.report.sheets import sheet

LONG = "case/covenant_psremoting_command.zip!covenant_psremoting_command_2020-08-06115603.json"


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ([LONG], ["covenant_psremo…8-06115603.json"]),
        (["C:\\logs\\Security.evtx"], ["Security.evtx"]),
        (["a.zip!x.json", "b.zip!x.json"], ["a.zip!x.json", "b.zip!x.json"]),
        # One is the other's short name: both are told apart.
        ([LONG, "covenant_psremo…8-06115603.json"], [LONG.rsplit("!")[-1], None]),
        (["a/b/c/x.log", "z/b/c/x.log"], ["a/b/c/x.log", "z/b/c/x.log"]),
        (["folder/", ""], ["folder/", ""]),
    ],
)
def test_the_shortest_name_that_tells_files_apart(
    files: list[str], names: list[str | None]
) -> None:
    found = short_names(files)
    assert list(found) == files or sorted(found) == sorted(files)
    assert [found[file] for file in files] == [
        each if name is None else name for each, name in zip(files, names, strict=True)
    ]


@given(st.lists(st.text("ab/\\!.…\x1b", max_size=50), max_size=6))
def test_no_two_files_share_a_name(files: list[str]) -> None:
    found = short_names(files)
    assert set(found) == set(files)
    assert len(set(found.values())) == len(found)
    assert not any("\x1b" in name for name in found.values())
    alone = short_names(files[:1]).values()
    assert all(len(name) <= max(LONGEST, 1) for name in alone if "/" not in name)


def test_the_whole_path_is_one_click_away_and_never_markup() -> None:
    rows = pl.DataFrame(
        {
            "_file": ["case/<script>alert(1)<!script>.json", LONG, None, LONG],
            "_record": [1234, None, 3, 4],
        }
    )
    made = with_place(rows)
    assert made["_record"].to_list() == [1234, None, 3, 4]
    shown = sheet(made, "S", columns=[("place", "File, record", "place")])
    page = render("table.html.j2", title="T", sheet=shown).replace("<wbr>", "")
    assert page.count("<summary") == 3
    assert "<code>case/&lt;script&gt;alert(1)&lt;!script&gt;.json</code>" in page
    assert f">covenant_psremo…8-06115603.json, 0</summary><code>{LONG}</code>" in page
    assert "<script" not in page
