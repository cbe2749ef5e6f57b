"""What kind of address something is: public, private, shared, documentation, multicast ..."""

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.enrich.parsed_addresses import bare_address, bare_addresses, texts_in
from huntkit.enrich.special_blocks import special_purpose
from huntkit.entities.addresses import Scope, address_scope, parse_address
from huntkit.tables import step

_WORDS: dict[Scope, str] = {
    "public": "Public",
    "private": "Private",
    "loopback": "Loopback",
    "link_local": "Link Local",
    "cgnat": "CGNAT",
    "documentation": "Documentation",
    "benchmark": "Benchmark",
    "multicast": "Multicast",
    "broadcast": "Broadcast",
    "unspecified": "Unspecified",
    "reserved": "Reserved",
}


def get_ip_type(ip: str | None = None, ip_str: str | None = None) -> str | None:
    """What kind of address a text is, or None if it is no address.

    ``Public Private Loopback "Link Local" CGNAT Documentation Benchmark Multicast Broadcast
    Unspecified Reserved``, by IANA's registries. An address that only wraps another (mapped,
    NAT64, 6to4) is of that one's kind.

    Args:
        ip: the text.
        ip_str: the same under its other name.

    Examples:
        >>> [get_ip_type(ip) for ip in ("8.8.8.8", "100.64.1.1", "64:ff9b::10.0.0.1", "junk")]
        ['Public', 'CGNAT', 'Private', None]
    """
    text = ip if ip is not None else ip_str
    if text is None:
        raise UsageError("which address?", hint='get_ip_type("203.0.113.7")')
    scope = address_scope(bare_address(str(text)))
    return None if scope is None else _WORDS[scope]


@step(split="row", columns=("column",))
def ip_type(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """The table with ``<column>_IpType`` and ``<column>_IpVersion`` (4 or 6) of its addresses.

    ``<column>_IpPurpose`` names the special-purpose block, and what an address of such a block
    carries: ``TEREDO (RFC 4380): 192.0.2.45``. Null where the text is no address, and the purpose
    of ordinary ones. See `get_ip_type` for the words. Needs no network.

    Examples:
        >>> seen = pl.DataFrame({"Ip": ["10.0.0.1", "2606:4700::1111", "x"]})
        >>> ip_type(seen, "Ip")["Ip_IpType"].to_list()
        ['Private', 'Public', None]
        >>> ip_type(seen, "Ip")["Ip_IpPurpose"].to_list()
        ['Private-Use (RFC 1918)', None, None]
    """
    values = texts_in(table, column)
    distinct = values.drop_nulls().unique()
    texts = bare_addresses(distinct).to_list()
    versions = [a.version if (a := parse_address(text)) is not None else None for text in texts]
    purposes = [special_purpose(text) for text in texts]
    names = [f"{column}_IpType", f"{column}_IpVersion", f"{column}_IpPurpose"]
    while any(name in table.columns for name in names):
        names = [f"{name}_ip" for name in names]
    key = "address" + "_" * sum(map(len, names))
    known = pl.DataFrame(
        {
            key: distinct,
            names[0]: pl.Series([get_ip_type(text) for text in texts], dtype=pl.String),
            names[1]: pl.Series(versions, dtype=pl.Int64),
            names[2]: pl.Series(
                [None if each is None else str(each) for each in purposes], dtype=pl.String
            ),
        }
    )
    joined = values.alias(key).to_frame().join(known, on=key, how="left", maintain_order="left")
    return table.hstack(joined.drop(key))
