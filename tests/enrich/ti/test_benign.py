"""A word of caution stands beside the verdict and never changes it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from huntkit.enrich.ti.benign import benign_note
from huntkit.enrich.ti.inputs import item_of
from huntkit.enrich.ti.provider import Facts
from huntkit.enrich.ti.results import Finding, frame_of


def test_the_verdict_stays_and_only_answers_carry_the_note():
    facts = Facts(severity="high", reason="listed", details={})
    common = {"provider": "OTX", "subtype": ""}
    found = frame_of(
        [
            Finding(item=item_of("9.9.9.9"), status="ok", facts=facts, **common),
            Finding(item=item_of("8.8.4.4"), status="failed", reason="broke", **common),
            Finding(item=item_of("8.8.8.9"), status="ok", facts=facts, **common),
        ],
        "polars",
    )
    assert found["Severity"].to_list() == ["high", "unknown", "high"]
    notes = [json.loads(each).get("note", "") for each in found["Details"]]
    assert "public DNS resolver of Quad9" in notes[0]
    assert notes[1:] == ["", ""]


@given(st.text(max_size=60))
def test_names_count_only_from_a_dot_on(text):
    if not text.endswith(".") and "." not in text:
        assert benign_note(text + "windowsupdate.com") == "" or text == ""
