"""Any record that a registry could send is columns of text."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.enrich.whois_facts import asn_facts, ip_facts, name_facts, whois_facts

RECORDS = Path(__file__).parents[1] / "data" / "enrich" / "rdap"
KNOWN = {name: json.loads((RECORDS / f"{name}.json").read_text())
         for name in ("network", "domain", "autnum")}  # fmt: skip
NAMES = sorted({name for record in KNOWN.values() for name in record})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*NAMES, "roles", "fn", "v4prefix", "length", "eventAction"]), inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_record_gives_text_or_nothing(record: dict[str, Any]) -> None:
    for facts in (ip_facts, name_facts, asn_facts):
        found = facts(record)
        assert all(value is None or (isinstance(value, str) and value) for value in found.values())
        assert list(found) == list(facts({}))
    name = record.get("name")
    assert ip_facts(record)["name"] == (name if isinstance(name, str) and name else None)


@given(st.dictionaries(st.sampled_from(["country", "as-name", "netname", "x"]), st.text()))
def test_any_old_answer_gives_text(record: dict[str, str]) -> None:
    found = whois_facts(record)
    assert found["name"] == record.get("netname", record.get("as-name"))
    assert found["asn_country_code"] is None or len(found["asn_country_code"]) == 2


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "AS0 - AS9"), (True, None), (-1, None), (1 << 32, None), ("1", None)]
)
def test_numbers_are_numbers(number: Any, shown: str | None) -> None:
    assert asn_facts({"startAutnum": number, "endAutnum": 9})["range"] == shown


def test_contacts_inside_contacts_are_found_and_bottomless_ones_end() -> None:
    deep: dict[str, Any] = {"roles": ["abuse"]}
    for _ in range(200):
        deep = {"roles": ["x"], "entities": [deep]}
    assert ip_facts({"entities": [deep]})["abuse_email"] is None
    assert ip_facts(KNOWN["network"])["abuse_email"] == "abuse@networks.example"
