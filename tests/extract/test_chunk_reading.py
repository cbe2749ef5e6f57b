"""Labelled texts: what must be found in each, and nothing else (one case a line in the data)."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.extract import iocs
from huntkit.extract.chunk_reading import read_chunk

CASES = Path(__file__).resolve().parents[1] / "data/extract/chunk_reading/cases.txt"


def _cases() -> list[tuple[str, set[tuple[str, str]]]]:
    cases = []
    for line in CASES.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            text, _, wanted = line.rpartition(" => ")
            pairs = [] if wanted.strip() == "-" else wanted.split("; ")
            cases.append((text, {tuple(pair.strip().split(" ", 1)) for pair in pairs}))
    return cases


@pytest.mark.parametrize(
    ("text", "wanted"),
    _cases(),
    ids=lambda value: str(value)[:60] if isinstance(value, str) else "",
)
def test_labelled_text_gives_exactly_its_indicators(text, wanted):
    found = iocs(pl.DataFrame({"text": [text]}), "text")
    assert set(found.select("IoCType", "Observable").rows()) == wanted


@pytest.mark.parametrize("text", ["http://evil7[.com/x", "http://evil7.]com/x"])
def test_half_a_bracket_hides_no_name(text):
    found = iocs(f"see {text} there", spans=True)
    assert found[["IoCType", "Observable", "defanged"]].to_numpy().tolist() == [
        ["url", "http://evil7.com/x", True],
        ["dns", "evil7.com", True],
    ]
    assert (found["start"][0], found["end"][0]) == (4, 4 + len(text))


def test_defanged_is_a_fact_of_each_indicator():
    found = iocs(pl.DataFrame({"text": ["bad[.]org,good.com"]}), "text")
    assert dict(found.select("Observable", "defanged").rows()) == {
        "bad.org": True,
        "good.com": False,
    }


def test_hidden_marks_inside_a_name_are_taken_out():
    assert [f.observable for f in read_chunk("ev\u200bil.\u202ecom")] == ["evil.com"]


HOSTILE = st.text(
    alphabet=st.sampled_from("aAfF0129.:@/\\%-_[](){}=,;'\"\x00\u202e\u200bй中ßİ\U0001f600 \r\n"),
    max_size=300,
)


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_no_text_makes_it_fail(text):
    for found in read_chunk(text):
        assert found.observable


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=80) | st.none() | HOSTILE, max_size=8))
def test_every_result_row_belongs_to_its_source_row(texts):
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    found = iocs(frame, "text")
    assert found["Input"].to_list() == [texts[i] for i in found["SourceIndex"]]
