"""Watchlists of a Sentinel workspace and what is in them."""

import re
import uuid
import warnings
from collections.abc import Mapping
from typing import Any, Final

import orjson
import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError, did_you_mean
from huntkit.enrich.azure.outcomes import Sent
from huntkit.enrich.azure.sentinel_workspace import SentinelWorkspace
from huntkit.tables import to_polars

_ALIAS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,63}")
_MOST_BYTES: Final = 3_800_000  # of the content that goes with a new watchlist


class SentinelWatchlists(SentinelWorkspace):
    """The part of `MicrosoftSentinel` that deals with watchlists."""

    def list_watchlists(self) -> Any:
        """A row for each watchlist."""
        return self._list("watchlists")

    def list_watchlist_items(self, watchlist_name: str) -> Any:
        """A row for each item of a watchlist, by its alias."""
        return self._list("watchlists/{name}/watchlistItems", fill={"name": watchlist_name})

    def create_watchlist(
        self,
        watchlist_name: str,
        description: str,
        search_key: str,
        provider: str = "huntkit",
        source: str = "Notebook",
        data: Any = None,
    ) -> str:
        """The alias of a new watchlist. Changes the workspace.

        Args:
            watchlist_name: its alias and displayed name.
            description: what it is about.
            search_key: the column by which it is joined.
            provider: who made it.
            source: where it is from.
            data: any frame: its rows become the items, as text, exactly as they are. At most
                3.8 MB as CSV; more by `add_watchlist_item`.

        Raises:
            UsageError: there is one of that name, or the data can't be its items.
        """
        if not _ALIAS.fullmatch(watchlist_name):
            raise UsageError(
                f"{watchlist_name!r:.80} can't be the alias of a watchlist",
                hint="3 to 64 letters, digits, - and _",
            )
        if not search_key:
            raise UsageError("a watchlist needs a search key", hint="name one of its columns")
        taken = [str(each.get("name", "")).casefold() for each in self._all("watchlists")]
        if watchlist_name.casefold() in taken:
            raise UsageError(f"the workspace has a watchlist {watchlist_name!r} already")
        facts: dict[str, Any] = {
            "displayName": watchlist_name, "description": description, "provider": provider,
            "source": source, "itemsSearchKey": search_key,
        }  # fmt: skip
        if data is not None:
            facts |= {"sourceType": "Local", "contentType": "text/csv", "numberOfLinesToSkip": 0,
                      "rawContent": _csv(data, search_key)}  # fmt: skip
        self._send("PUT", "watchlists/{name}", name=watchlist_name, body={"properties": facts})
        return watchlist_name

    def add_watchlist_item(self, watchlist_name: str, item: Any, *, overwrite: bool = False) -> Any:
        """Add items to a watchlist, one after another; a row for each says what became of it.

        Args:
            watchlist_name: its alias.
            item: one item as a dictionary, or any frame with a row for each.
            overwrite: items whose search key is there already replace those; without it that is
                an error.

        Returns:
            A frame: ``row name outcome status error``; `outcome` is ``went``, ``failed``,
            ``unknown`` or ``not sent``. If not all went you are warned.

        Raises:
            UsageError: nothing was sent: an item has a column that the others have not, lacks the
                search key, or is there already.
            RequestFailed: nothing went.
        """
        key = self._search_key(watchlist_name)
        path = "watchlists/{name}/watchlistItems"
        there = list(self._all(path, fill={"name": watchlist_name}))
        rows = _items(item)
        _check_items(rows, key, there)
        ids = {str(_values(each).get(key)): each for each in there}
        if not overwrite and (known := [row[key] for row in rows if row[key] in ids]):
            raise UsageError(
                f"{len(known):,} items are in the watchlist already, such as {known[0]!r:.80}",
                hint="overwrite=True replaces them",
            )

        def send(row: dict[str, str]) -> str:
            before = ids.get(row[key])
            name = str(before["name"]) if before else str(uuid.uuid4())
            etag = before.get("etag") if before else None
            self._send(
                "PUT", f"{path}/{{item}}", name=watchlist_name, item=name,
                body={"properties": {"itemsKeyValue": row}, **({"etag": etag} if etag else {})},
                etag=etag,
            )  # fmt: skip
            return name

        found, rest = self._send_rows(
            rows, send, [Sent(number) for number in range(len(rows))], "adding items"
        )
        if rest:
            warnings.warn(f"not all items went: {rest}", stacklevel=2)
        return found

    def delete_watchlist(self, watchlist_name: str) -> None:
        """Delete a watchlist with its items. Changes the workspace."""
        self._send("DELETE", "watchlists/{name}", name=watchlist_name)

    def delete_watchlist_item(self, watchlist_name: str, watchlist_item_id: str) -> None:
        """Delete one item by its name or id. Changes the workspace."""
        item = watchlist_item_id.rstrip("/").rsplit("/", 1)[-1]
        self._send(
            "DELETE", "watchlists/{name}/watchlistItems/{item}", name=watchlist_name, item=item
        )

    def _search_key(self, watchlist_name: str) -> str:
        known = []
        for each in self._all("watchlists"):
            alias = str(each.get("name", ""))
            if alias.casefold() == watchlist_name.casefold():
                key = each.get("properties", {}).get("itemsSearchKey")
                if not key:
                    raise UsageError(f"the watchlist {watchlist_name!r} has no search key")
                return str(key)
            known.append(alias)
        raise UsageError(
            f"the workspace has no watchlist {watchlist_name!r:.80}",
            hint=did_you_mean(watchlist_name, known),
        )


def _values(item: Mapping[str, Any]) -> dict[str, Any]:
    return dict(item.get("properties", {}).get("itemsKeyValue") or {})


def _items(item: Any) -> list[dict[str, str]]:
    """Items as text; a pandas Series of one item is a mapping, too."""
    if isinstance(item, Mapping):
        rows = [dict(item)]
    elif hasattr(item, "to_dict") and hasattr(item, "index") and not hasattr(item, "columns"):
        rows = [item.to_dict()]
    else:
        rows = to_polars(item).to_dicts()
    return [{str(k): _text(v) for k, v in row.items() if v is not None} for row in rows]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | list | tuple | dict):
        return orjson.dumps(value, default=str).decode()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _check_items(rows: list[dict[str, str]], key: str, there: list[dict[str, Any]]) -> None:
    if not rows:
        raise UsageError("there are no items")
    known = {name for each in there for name in _values(each)}
    for number, row in enumerate(rows):
        if not row.get(key):
            raise UsageError(f"item {number} has no {key!r}, which is the watchlist's search key")
        for name in row:
            if known and name not in known:
                raise UnknownColumn(name, sorted(known))
    keys = [row[key] for row in rows]
    if len(set(keys)) < len(keys):
        twice = next(each for each in keys if keys.count(each) > 1)
        raise UsageError(f"several items have the same search key, such as {twice!r:.80}")


def _csv(data: Any, search_key: str) -> str:
    table = to_polars(data)
    if search_key not in table.columns:
        raise UnknownColumn(search_key, table.columns)
    texts = pl.DataFrame(
        [
            pl.Series(name, [None if each is None else _text(each) for each in table[name]],
                      dtype=pl.String)
            for name in table.columns
        ]
    )  # fmt: skip
    content = texts.write_csv(quote_style="necessary")
    if (size := len(content.encode())) > _MOST_BYTES:
        raise UsageError(
            f"the items have {size:,} bytes; a new watchlist takes {_MOST_BYTES:,}",
            hint="create it with a part of them and add the rest by add_watchlist_item",
        )
    return content
