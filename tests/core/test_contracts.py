from collections.abc import Mapping, Sequence
from typing import Any

from huntkit.core.contracts import Drawable, GeoLookup, QueryRunner


class _Everything:
    def exec_query(self, query: str, /, **parameters: Any) -> Any:
        return query

    def locate(self, addresses: Sequence[str], /) -> Mapping[str, Mapping[str, Any]]:
        return {address: {} for address in addresses}

    def to_html(self) -> str:
        return ""


def test_shapes_are_known_without_inheritance() -> None:
    thing = _Everything()
    assert isinstance(thing, QueryRunner)
    assert isinstance(thing, GeoLookup)
    assert isinstance(thing, Drawable)
    assert not isinstance(object(), QueryRunner | GeoLookup | Drawable)
