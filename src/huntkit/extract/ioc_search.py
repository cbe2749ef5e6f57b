"""Indicators in text: addresses, names, URLs, hashes, numbers, wallets, paths."""

from collections.abc import Iterable, Sequence

import polars as pl

from huntkit.core.errors import UnknownColumn
from huntkit.core.progress import SILENT, Progress
from huntkit.entities.indicators import DEFANGABLE, chosen_types
from huntkit.entities.indicators import defang as unclickable
from huntkit.extract.ioc_matching import FOUND, Matcher
from huntkit.extract.lookalikes import hash_in_field, never_in_field
from huntkit.extract.own_types import OwnType
from huntkit.extract.texts import also_one_text, batches, columns_to_search, text_of
from huntkit.tables import step

_RESULT = {
    **FOUND,
    "SourceIndex": pl.Int64,
    "Input": pl.String,
    "input_column": pl.String,
    "place": pl.UInt32,
    "start": pl.Int64,
    "end": pl.Int64,
}


@also_one_text
@step(split="row", columns=("columns", "keep", "named_by"), index="SourceIndex")
def iocs(
    data: pl.DataFrame,
    columns: str | Sequence[str] | None = None,
    *,
    ioc_types: str | Iterable[str] | None = None,
    own_types: Sequence[OwnType] = (),
    named_by: str | None = None,
    keep: Sequence[str] = (),
    include_input: bool = True,
    spans: bool = False,
    rejected: bool = False,
    defang: bool = False,
    progress: Progress = SILENT,
) -> pl.DataFrame:
    """Indicators in the text of one or more columns: one row for each in each text.

    Values are valid and in their normal form (lower case, defanged ones made whole). The host of a
    URL and of a mail address is an indicator of its own. An IPv4 address mapped into IPv6
    (``::ffff:192.0.2.7``) is ``ipv4`` and nothing else; ``Input`` still shows how it was written.
    A network (``192.0.2.0/24``) is a ``cidr``; an address with the size of its network behind it
    (``192.0.2.7/24``) is an address. Only names under a public suffix are ``dns``; how file names
    and program code are told from names is written in `huntkit.extract.lookalikes`. Private and
    reserved addresses are found and marked in ``scope``. Unspecified addresses (``::``,
    ``0.0.0.0``) and hashes of one repeated digit are left out, so are addresses in columns of
    versions and hashes in columns that the name says hold something else (``ja3``,
    ``SessionId``), and wallets whose checksum is wrong.

    Args:
        data: any frame, or one text.
        columns: the columns to search; their values may be of any type, nulls included. Every
            text column whose name does not start with ``_`` if left out.
        ioc_types: which types, or the groups ``default``, ``all``, ``file_hash``, ``path``,
            ``wallet``. If left out those that one looks up elsewhere: ``ipv4 ipv6 cidr dns url
            email``, file hashes, ``cve attack_technique asn`` and wallets, but not ``imphash
            ja3_hash ja4_hash mac_address guid mutex named_pipe windows_path linux_path
            registry_key user_agent``.
        own_types: types that you describe yourself; searched too where `ioc_types` is left out
            or names them.
        named_by: the column of `data` with the name of the field that each text came from, where
            the texts of several fields stand in one column.
        keep: columns of `data` to carry along, such as the time.
        include_input: whether ``Input`` holds the searched text.
        spans: whether to add ``start`` and ``end``: where the indicator is first written in the
            text, in characters, so that ``Input[start:end]`` shows it as written. Null where it
            is written in another way than as itself (in a decoded part of a URL). Costs time.
        rejected: whether to add what looked like an indicator but is none, with the ``reason``
            (empty for indicators): hashes of zeros, versions, times, files, wrong checksums.
        defang: whether to write ``Observable`` so that nobody can click it. The column
            ``defanged`` says whether the text itself did.
        progress: told about each batch; may cancel.

    Returns:
        Columns ``IoCType Observable SourceIndex Input input_column defanged scope``, then
        ``start end`` and ``reason`` where asked for, and those of `keep`; in the order of the
        rows. ``SourceIndex`` is the row's position, or its index value in pandas.

    Raises:
        UnknownColumn: a column that `data` lacks.
        UsageError: no such type of indicator, or no text column.

    Examples:
        >>> frame = pl.DataFrame({"text": ["GET hxxp://evil[.]example.com/a from 192.0.2.7:80"]})
        >>> iocs(frame, "text").select("IoCType", "Observable", "defanged", "scope").rows()
        [('url', 'http://evil.example.com/a', True, ''),
         ('dns', 'evil.example.com', True, ''),
         ('ipv4', '192.0.2.7', False, 'documentation')]
        >>> frame = pl.DataFrame({"text": ["MD5=00000000000000000000000000000000"]})
        >>> iocs(frame, "text").height
        0
        >>> iocs(frame, "text", rejected=True)["reason"].to_list()
        ['all zeros: no hash was computed']
    """
    names = columns_to_search(data, columns)
    wanted = chosen_types(ioc_types, [own.name for own in own_types])
    given = _columns(include_input=include_input, spans=spans, rejected=rejected)
    clash = [name for name in keep if name in given]
    if clash:
        raise UnknownColumn(
            clash[0], data.columns, hint="that name belongs to the result; rename the column first"
        )
    own = [each for each in own_types if each.name in wanted]
    searched = wanted | {"md5_hash"} if wanted & {"imphash", "ja3_hash"} else wanted
    matcher = Matcher(searched, own, spans=spans, rejected=rejected)
    parts = [pl.DataFrame(schema=_RESULT)]
    with progress.task("searching indicators", total=data.height * len(names)) as task:
        for place, name in enumerate(names):
            for start, texts in batches(text_of(data[name])):
                task.check_cancelled()
                found = matcher.found_in(texts)
                field = pl.lit(name)
                if named_by is not None:
                    field = pl.lit(text_of(data[named_by]).slice(start).gather(found["row"]))
                found = _fitting(found.with_columns(field.alias("field")), wanted)
                found = found.filter(pl.col("IoCType").is_in(list(wanted)))
                if not rejected:
                    found = found.filter(pl.col("reason") == "")
                parts.append(
                    found.select(
                        *FOUND,
                        SourceIndex=pl.col("row").cast(pl.Int64) + start,
                        Input=texts.gather(found["row"]),
                        input_column=pl.lit(name),
                        place=pl.lit(place, pl.UInt32),
                        start="start",
                        end="end",
                    )
                )
                task.advance(len(texts))
    result = pl.concat(parts).sort("SourceIndex", "place", maintain_order=True)
    carried = [data[name].gather(result["SourceIndex"]) for name in keep]
    if defang:
        result = result.with_columns(_defanged(result))
    return result.select(*given, *carried)


def _fitting(found: pl.DataFrame, wanted: frozenset[str]) -> pl.DataFrame:
    """With a reason where the field, by its name, never holds such: addresses among versions.

    What looks like an MD5 hash in a field of another kind of hash is that kind.
    """
    fields = found["field"].drop_nulls().unique()
    never = [
        (field, ioc_type, hash_in_field(field) if ioc_type == "md5_hash" else None)
        for field in fields
        for ioc_type in never_in_field(field)
    ]
    if not never:
        return found
    schema = {"field": pl.String, "IoCType": pl.String, "instead": pl.String}
    wrong = pl.DataFrame(never, schema=schema, orient="row").with_columns(unfit=True)
    is_other = pl.col("instead").is_in(list(wanted))
    unfit = pl.col("unfit") & ~is_other.fill_null(value=False) & (pl.col("reason") == "")
    reason = pl.format("the column {} holds something else", "field")
    return found.join(
        wrong, on=["field", "IoCType"], how="left", maintain_order="left"
    ).with_columns(
        IoCType=pl.when(is_other).then("instead").otherwise("IoCType"),
        reason=pl.when(unfit).then(reason).otherwise("reason"),
    )


def _defanged(found: pl.DataFrame) -> pl.Series:
    changed = {
        value: unclickable(value)
        for value in found.filter(pl.col("IoCType").is_in(DEFANGABLE))["Observable"].unique()
    }
    values = [
        changed[value] if ioc_type in DEFANGABLE else value
        for ioc_type, value in found.select("IoCType", "Observable").iter_rows()
    ]
    return pl.Series("Observable", values, dtype=pl.String)


def _columns(*, include_input: bool, spans: bool, rejected: bool) -> list[str]:
    return [
        *("IoCType", "Observable", "SourceIndex"),
        *(("Input",) if include_input else ()),
        *("input_column", "defanged", "scope"),
        *(("start", "end") if spans else ()),
        *(("reason",) if rejected else ()),
    ]
