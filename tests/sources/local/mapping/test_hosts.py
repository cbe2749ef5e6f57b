"""Columns that name the host, and those that only look so."""

from fnmatch import fnmatchcase

import pytest

from huntkit.sources.local.mapping.hosts import host_column
from huntkit.tables.data_files import data_file


@pytest.mark.parametrize(
    ("table", "columns", "expected"),
    [
        ("Zeek_http", ["TimeGenerated", "uid", "host"], None),
        ("Zeek_weird", ["TimeGenerated", "uid", "peer"], None),
        ("Zeek_pe", ["TimeGenerated", "id", "machine"], None),
        ("Zeek_dhcp", ["uid", "host_name", "domain"], "host_name"),
        ("Zeek_ntlm", ["uid", "username", "hostname"], "hostname"),
        ("Zeek_ntlm", ["uid", "username"], None),
        ("WindowsEvent", ["host", "Computer"], "Computer"),
        ("mine", ["time", "hostname"], "hostname"),
        ("zeekish", ["time", "machine"], "machine"),
    ],
)
def test_the_host_of_a_table(table: str, columns: list[str], expected: str | None) -> None:
    assert host_column(table, columns) == expected


def test_no_exception_is_hidden_by_one_before_it() -> None:
    rules = data_file("huntkit.sources.local.mapping", "data/hosts.yaml")
    names = [rule["table"] for rule in rules]
    for place, name in enumerate(names):
        assert not any(fnmatchcase(name, before) for before in names[:place])
