import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.enrich import get_ip_type, ip_type


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("8.8.8.8", "Public"),
        ("192.168.0.1", "Private"),
        ("127.0.0.9", "Loopback"),
        ("169.254.3.4", "Link Local"),
        ("100.127.255.255", "CGNAT"),
        ("100.128.0.0", "Public"),
        ("198.51.100.7", "Documentation"),
        ("198.19.0.1", "Benchmark"),
        ("239.1.2.3", "Multicast"),
        ("255.255.255.255", "Broadcast"),
        ("0.0.0.0", "Unspecified"),
        ("240.0.0.1", "Reserved"),
        ("::1", "Loopback"),
        ("fd00::1", "Private"),
        ("ff02::1", "Multicast"),
        ("2001:db8::1", "Documentation"),
        ("64:ff9b::8.8.8.8", "Public"),
        ("64:ff9b::10.1.1.1", "Private"),
        ("::ffff:127.0.0.1", "Loopback"),
        ("junk", None),
        ("", None),
        ("1.2.3", None),
    ],
)
def test_kinds(text: str, kind: str | None) -> None:
    assert get_ip_type(text) == get_ip_type(ip_str=text) == kind


def test_nothing_given_is_said() -> None:
    with pytest.raises(UsageError, match="which address"):
        get_ip_type()


@given(st.lists(st.one_of(st.none(), st.text(max_size=50), st.ip_addresses().map(str))))
def test_one_row_for_each(values: list[str | None]) -> None:
    table = pl.DataFrame(
        {"ip": values, "ip_IpType": range(len(values))}, schema_overrides={"ip": pl.String}
    )
    found = ip_type(table, "ip")
    assert found.select(table.columns).equals(table)
    kinds = [None if value is None else get_ip_type(value) for value in values]
    assert found["ip_IpType_ip"].to_list() == kinds
