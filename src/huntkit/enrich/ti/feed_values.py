"""Values of feeds and of logs in the form by which they are compared; millions of them at once.

Regular expressions over whole columns say what most values are; only the rest goes through the
slower check of single indicators.
"""

from typing import Final

import polars as pl

from huntkit.enrich.ti.inputs import item_of
from huntkit.entities.addresses import address_text, parse_address
from huntkit.entities.indicators import IOC_TYPES

_BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4: Final = rf"^{_BYTE}(?:\.{_BYTE}){{3}}$"
_IPV4_PORT: Final = rf"^({_BYTE}(?:\.{_BYTE}){{3}}):\d{{1,5}}$"
_NAME: Final = r"^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.){1,20}[a-z]{2,24}$"
_URL: Final = (
    r"^(?i:https?://(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.){1,20}[a-z0-9]{1,24})"
    r"(?::\d{1,4})?(?:[/?#][!-Z^-~]*)?$"
)  # without brackets: those may be somebody's dots
_HASHES: Final = {32: "md5_hash", 40: "sha1_hash", 64: "sha256_hash", 128: "sha512_hash"}
_WORDS: Final = {
    "ip": "ipv4", "ipv4": "ipv4", "ipv6": "ipv6", "ip:port": "ipv4", "ipv4-addr": "ipv4",
    "ip-dst": "ipv4", "ip-src": "ipv4", "address": "ipv4", "domain": "dns", "domain-name": "dns",
    "hostname": "dns", "fqdn": "dns", "host": "dns", "url": "url", "uri": "url", "email": "email",
    "email-addr": "email", "md5": "md5_hash", "sha1": "sha1_hash", "sha256": "sha256_hash",
    "sha512": "sha512_hash", "filehash-md5": "md5_hash", "filehash-sha1": "sha1_hash",
    "filehash-sha256": "sha256_hash", "cidr": "cidr", "network": "cidr", "cve": "cve",
}  # fmt: skip
_TOO_WIDE: Final = ("0.0.0.0", "127.0.0.1", "::", "::1", "0.0.0.0/0", "::/0", "localhost")  # noqa: S104


def typed_values(values: pl.Series, hints: pl.Series) -> pl.DataFrame:
    """Normal form and type of each value; where there is none, `flaw` says why.

    Args:
        values: as feeds write them, also defanged or with a port.
        hints: words for the type, of any feed's own; wrong and empty ones do no harm.
    """
    text = pl.col("value").str.strip_chars()
    lower = text.str.to_lowercase()
    quick = (
        pl.when(lower.str.contains(_IPV4)).then(pl.lit("ipv4"))
        .when(lower.str.contains(r"^[0-9a-f]+$") & lower.str.len_bytes().is_in(list(_HASHES))
              & ~lower.str.contains(r"^(?:0+|f+)$"))
        .then(lower.str.len_bytes().replace_strict(_HASHES, default=None, return_dtype=pl.String))
        .when(lower.str.contains(_NAME)).then(pl.lit("dns"))
        .when(text.str.contains(_URL) & ~lower.str.contains(r"^https?://[^/?#]*\.\d+(?:[:/?#]|$)"))
        .then(pl.lit("url"))
    )  # fmt: skip
    port = text.str.extract(_IPV4_PORT, 1)
    table = pl.DataFrame({"value": values, "hint": hints.str.to_lowercase()}).with_columns(
        value=pl.coalesce(port, text)
    )
    table = table.with_columns(ioc_type=quick).with_columns(
        value=pl.when(pl.col("ioc_type").is_not_null() & (pl.col("ioc_type") != "url"))
        .then(lower)
        .otherwise(text),
        flaw=pl.lit(None, dtype=pl.String),
    )
    table = _slowly(table.with_columns(pl.when(pl.col("ioc_type") == "url")
                    .then(compared(table["value"])).otherwise("value").alias("value")))  # fmt: skip
    wide = pl.col("value").is_in(_TOO_WIDE)
    return table.with_columns(
        flaw=pl.when(wide).then(pl.lit("it would match everything")).otherwise(pl.col("flaw"))
    ).select("value", "ioc_type", "flaw")


def _slowly(table: pl.DataFrame) -> pl.DataFrame:
    """The rest, one distinct value after the other."""
    rest = table.filter(pl.col("ioc_type").is_null()).select("value", "hint").unique()
    if rest.is_empty():
        return table
    made = []
    for value, hint in rest.iter_rows():
        found = _item(value, hint or "")
        made.append((value, hint, *found))
    schema = {"value": pl.String, "hint": pl.String, "new": pl.String, "new_type": pl.String,
              "new_flaw": pl.String}  # fmt: skip
    slow = pl.DataFrame(made, schema=schema, orient="row")
    joined = table.join(
        slow, on=["value", "hint"], how="left", nulls_equal=True, maintain_order="left"
    )
    open_ = pl.col("ioc_type").is_null()
    return joined.with_columns(
        value=pl.when(open_).then("new").otherwise("value"),
        ioc_type=pl.when(open_).then("new_type").otherwise("ioc_type"),
        flaw=pl.when(open_).then("new_flaw").otherwise("flaw"),
    )


def _item(value: str | None, hint: str) -> tuple[str, str, str | None]:
    word = _WORDS.get(hint.removesuffix("_hash"), hint)
    made = item_of(value)
    if made.problem == "bad input" and word in IOC_TYPES:
        made = item_of(value, word)
    flaw = f"no indicator: {made.reason}" if made.problem == "bad input" else None
    return made.value, made.ioc_type, flaw


def compared(values: pl.Series) -> pl.Series:
    """The form by which values are compared: letters in lower case, but for paths.

    Nothing is checked here, so that every column of a log can be compared. IPv6 addresses have
    one spelling afterwards.

    Examples:
        >>> compared(pl.Series(["HTTP://Evil.Example/A", " Evil.Example. ", "2001:DB8:0::1"]))
        shape: (3,)
        Series: '' [str]
        [
                "http://evil.example/A"
                "evil.example"
                "2001:db8::1"
        ]
    """
    text = values.rename("").cast(pl.String, strict=False).str.strip_chars()
    keys = text.str.to_lowercase().str.strip_chars_end(".")
    for cased in (_urls(text), _paths(text)):
        if cased.height:
            keys = keys.scatter(cased["at"], cased["key"])
    six = keys.str.contains(r"^\[?[0-9a-f]{0,4}:[0-9a-f:.]*:[0-9a-f:.]*(?:%\S{1,40})?\]?$")
    if not six.any():
        return keys.rename(values.name)
    distinct = keys.filter(six).unique()
    spelt = {text: _one_spelling(text) for text in distinct}
    return keys.replace(spelt).rename(values.name)


def _urls(text: pl.Series) -> pl.DataFrame:
    """Place and form of the URLs: scheme and host in lower case, the rest as it is."""
    found = text.to_frame("text").with_row_index("at").filter(
        pl.col("text").str.contains("://", literal=True)
    )  # fmt: skip
    start = pl.col("text").str.extract(r"^([^/]*://[^/?#]*)", 1)
    rest = pl.col("text").str.slice(start.str.len_chars())
    return found.select("at", key=start.str.to_lowercase() + rest).drop_nulls()


def _paths(text: pl.Series) -> pl.DataFrame:
    """Place and form of the paths that tell letters apart."""
    found = text.to_frame("key").with_row_index("at")
    return found.filter(pl.col("key").str.starts_with("/"))


def _one_spelling(text: str) -> str:
    address = parse_address(text.strip("[]").partition("%")[0])
    return text if address is None else address_text(address)
