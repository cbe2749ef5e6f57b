"""`IoCExtract`: the search for indicators as an object, with the methods that notebooks know."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import polars as pl

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.entities.digests import DIGEST_SIZES
from huntkit.entities.indicators import (
    DEFANGABLE,
    IOC_GROUPS,
    IOC_TYPES,
    chosen_types,
    normal_form,
    refang,
)
from huntkit.extract.ioc_search import iocs
from huntkit.extract.own_types import OwnType, priority_of
from huntkit.tables import step

_COLUMNS = ["IoCType", "Observable", "SourceIndex", "Input"]
_PATHS = IOC_GROUPS["path"]


class IoCPattern(NamedTuple):
    """What `IoCExtract.ioc_types` tells about a type."""

    ioc_type: str
    comp_regex: str | None  # None for a built-in type, which more than an expression describes
    priority: int
    group: str | int | None


class IoCExtract:
    r"""Finds indicators in a text or in columns of a frame, and can be taught further types.

    `huntkit.extract.iocs` does the same as a function and gives more columns. Types that are
    added belong to this object alone.

    Args:
        defanged: whether to take defanged indicators (``evil[.]example.com``) too. They are
            given whole.

    Examples:
        >>> found = IoCExtract().extract("hxxp://evil[.]example.com/a from 192.0.2.7")
        >>> dict(found)
        {'url': {'http://evil.example.com/a'}, 'dns': {'evil.example.com'}, 'ipv4': {'192.0.2.7'}}
        >>> extract = IoCExtract()
        >>> extract.add_ioc_type("ticket", r"\bINC\d{5}\b")
        >>> extract.extract("see INC12345")["ticket"]
        {'INC12345'}
    """

    def __init__(self, defanged: bool = True) -> None:
        self._defanged = defanged
        self._own: dict[str, OwnType] = {}

    @property
    def ioc_types(self) -> dict[str, IoCPattern]:
        """All types that can be searched, the built-in ones first."""
        known = {name: IoCPattern(name, None, priority_of(name), None) for name in IOC_TYPES}
        for own in self._own.values():
            known[own.name] = IoCPattern(own.name, own.regex, own.priority, own.group)
        return known

    def add_ioc_type(
        self, ioc_type: str, ioc_regex: str, priority: int = 0, group: str | int | None = None
    ) -> None:
        """Search a type of your own from now on; see `huntkit.extract.OwnType`.

        Raises:
            UsageError: an empty or built-in name, or an expression that can't be used.
        """
        self._own[ioc_type] = OwnType(ioc_type, ioc_regex, priority, group)

    def extract(
        self,
        src: str | None = None,
        data: Any = None,
        columns: str | Sequence[str] | None = None,
        *,
        os_family: str | None = None,
        ioc_types: str | Iterable[str] | None = None,
        include_paths: bool | None = None,
        defanged: bool | None = None,
    ) -> Any:
        """Indicators of a text, as a set for each type; or those of a frame, as `extract_df`.

        Args:
            src: the text; the frame is not looked at then.
            data: a frame, with `columns`.
            columns: one column or several.
            os_family: ``Windows`` or ``Linux`` leaves out the paths of the other.
            ioc_types: which types or groups; those of `huntkit.extract.iocs` if left out.
            include_paths: whether to search paths where `ioc_types` is left out; in a text yes,
                in a frame no, if you do not say.
            defanged: as for the class, for this call.

        Returns:
            A dict from type to set of values, empty sets for types that were not found.

        Raises:
            UsageError: neither a text nor a frame and columns.
        """
        if src is not None and src.strip():
            paths = include_paths is not False
            frame = pl.DataFrame({"text": [src]})
            found = self._search(frame, "text", os_family, ioc_types, paths, defanged)
            values: dict[str, set[str]] = defaultdict(set)
            for ioc_type, value in found.select("IoCType", "Observable").iter_rows():
                values[ioc_type].add(value)
            return values
        if data is None:
            raise UsageError(
                "there is nothing to search", hint="give a text, or data= with columns="
            )
        return self.extract_df(
            data,
            columns,
            os_family=os_family,
            ioc_types=ioc_types,
            include_paths=bool(include_paths),
            defanged=defanged,
        )

    def extract_df(
        self,
        data: Any,
        columns: str | Sequence[str] | None,
        *,
        os_family: str | None = None,
        ioc_types: str | Iterable[str] | None = None,
        include_paths: bool = False,
        defanged: bool | None = None,
    ) -> Any:
        """Indicators of a frame: ``IoCType Observable SourceIndex Input``, the same kind of frame.

        Raises:
            UsageError: no columns, or no such type.
            UnknownColumn: a column that `data` lacks.

        Examples:
            >>> import pandas
            >>> frame = pandas.DataFrame({"text": ["to 192.0.2.7", None]}, index=["a", "b"])
            >>> IoCExtract().extract_df(frame, "text").to_dict("records")
            [{'IoCType': 'ipv4', 'Observable': '192.0.2.7', 'SourceIndex': 'a',
              'Input': 'to 192.0.2.7'}]
        """
        if columns is None or (not isinstance(columns, str) and not list(columns)):
            raise UsageError("no columns to search", hint="name them with columns=")
        return self._search(data, columns, os_family, ioc_types, include_paths, defanged)

    def validate(self, input_str: str, ioc_type: str) -> bool:
        """Whether a whole text is an indicator of a type, or of the group ``file_hash``.

        Raises:
            KeyError: no such type.
        """
        text = refang(input_str) if self._defanged else input_str
        if ioc_type in self._own:
            found = self._own[ioc_type].found_in(pl.Series([input_str]))[0]
            return input_str in found.to_list()
        types = IOC_GROUPS.get(ioc_type, (ioc_type,))
        if not set(types) <= set(IOC_TYPES):
            known = [*self.ioc_types, *IOC_GROUPS]
            raise _NoSuchType(
                f"there is no indicator type {ioc_type!r}", hint=did_you_mean(ioc_type, known)
            )
        return any(
            normal_form(name, text if name in DEFANGABLE else input_str) is not None
            for name in types
        )

    @staticmethod
    def file_hash_type(file_hash: str) -> str:
        """The type of a hash by its length, or ``unknown``.

        Examples:
            >>> IoCExtract.file_hash_type("d41d8cd98f00b204e9800998ecf8427e")
            'md5_hash'
        """
        sizes = {size: name for name, size in DIGEST_SIZES.items()}
        digits = file_hash.strip()
        name = sizes.get(len(digits), "unknown")
        return name if name != "unknown" and normal_form(name, digits) is not None else "unknown"

    def get_ioc_type(self, observable: str) -> str:
        """The type of a whole text, or ``unknown``.

        Examples:
            >>> IoCExtract().get_ioc_type("hxxp://evil.example.com/")
            'url'
        """
        for name in (*self._own, *_MOST_TELLING_FIRST):
            if self.validate(observable.strip(), name):
                return name
        return "unknown"

    def _search(
        self,
        data: Any,
        columns: str | Sequence[str],
        os_family: str | None,
        ioc_types: str | Iterable[str] | None,
        include_paths: bool,
        defanged: bool | None,
    ) -> Any:
        wanted = chosen_types(ioc_types, self._own)
        if ioc_types is None and include_paths:
            wanted |= frozenset(_PATHS)
        wanted -= _foreign(os_family)
        return _found(
            data,
            columns,
            ioc_types=wanted,
            own_types=[own for own in self._own.values() if own.name in wanted],
            take_defanged=self._defanged if defanged is None else defanged,
        )


@step(split="row", columns=("columns",), index="SourceIndex")
def _found(
    data: pl.DataFrame,
    columns: str | Sequence[str],
    *,
    ioc_types: frozenset[str],
    own_types: Sequence[OwnType],
    take_defanged: bool,
) -> pl.DataFrame:
    found = iocs.on_polars(data, columns, ioc_types=ioc_types, own_types=own_types)
    return found.filter(take_defanged | ~pl.col("defanged")).select(_COLUMNS)


class _NoSuchType(UsageError, KeyError):
    """A type that nobody knows, as a `KeyError` for code that expects one."""


_MOST_TELLING_FIRST = (
    *("ipv4", "ipv6", "cidr", "url", "email", "dns"),
    *(name for name in IOC_TYPES if name.endswith(("_hash", "_wallet")) and name != "ja3_hash"),
    *("cve", "attack_technique", "mac_address", "guid"),
    *("registry_key", "windows_path", "linux_path"),
)


def _foreign(os_family: str | None) -> frozenset[str]:
    if os_family is None:
        return frozenset()
    others = {"windows": "linux_path", "linux": "windows_path"}
    if os_family.lower() not in others:
        raise UsageError(f"os_family is Windows or Linux, not {os_family!r}")
    return frozenset({others[os_family.lower()]})
