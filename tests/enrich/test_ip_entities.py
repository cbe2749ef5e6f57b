"""Text and columns to entities: each different one once, in order."""

import pandas as pd
import polars as pl
import pytest

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.enrich import GeoLiteLookup, convert_to_ip_entities
from huntkit.runtime import Session


def test_text_gives_each_address_once_with_its_place(session: Session) -> None:
    lookup = GeoLiteLookup(session=session)
    found = convert_to_ip_entities("8.8.8.8, 10.0.0.1 8.8.8.8,", lookup=lookup)
    assert [each.Address for each in found] == ["8.8.8.8", "10.0.0.1"]
    assert found[0].Location is not None
    assert found[0].Location.Asn == 15169
    assert found[1].Location is None


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"ip": ["8.8.8.8,9.9.9.9", None, "9.9.9.9", "junk", ""]}),
        pd.DataFrame({"ip": ["8.8.8.8", "9.9.9.9", None, "junk"]}),
        pl.DataFrame({"ip": [["8.8.8.8"], [], None, ["9.9.9.9", "junk", None]]}),
    ],
    ids=["text", "pandas", "lists"],
)
def test_a_column_may_hold_several_in_a_cell(frame: object) -> None:
    found = convert_to_ip_entities(data=frame, ip_col="ip", geo_lookup=False)
    assert [each.Address for each in found] == ["8.8.8.8", "9.9.9.9", "junk"]
    assert all(each.Location is None for each in found)


def test_what_is_asked_for_is_either_text_or_a_column() -> None:
    frame = pl.DataFrame({"ip": ["8.8.8.8"]})
    for wrong in ({}, {"data": frame}, {"ip_str": "8.8.8.8", "data": frame, "ip_col": "ip"}):
        with pytest.raises(UsageError, match="entities are made of"):
            convert_to_ip_entities(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UnknownColumn, match="did you mean 'ip'"):
        convert_to_ip_entities(data=frame, ip_col="ipp")
    assert convert_to_ip_entities(data=frame.clear(), ip_col="ip") == []
