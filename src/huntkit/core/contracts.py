"""Small protocols by which packages meet that may not import one another.

A threat-intel provider that asks by KQL needs something that runs queries; a look-up of
addresses needs a geo database; a browser of results draws. Each is found by name through the
plugin registry, and known here only by its shape. ``Any`` stands for a frame: this floor knows
no data library.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class QueryRunner(Protocol):
    """Whatever runs a query text and gives a frame: a provider, evidence."""

    def exec_query(self, query: str, /, **parameters: Any) -> Any:
        """The frame that the query gives; a partial answer warns."""


@runtime_checkable
class GeoLookup(Protocol):
    """Whatever knows where addresses are."""

    def locate(self, addresses: Sequence[str], /) -> Mapping[str, Mapping[str, Any]]:
        """What is known per address: country code, city, latitude, longitude, network ...

        Unknown and invalid addresses are absent, never guessed; so are facts that are not known.
        Facts have the names that queries' columns have: ``CountryCode``, ``CountryOrRegionName``,
        ``State``, ``City``, ``Latitude``, ``Longitude`` ...
        """


@runtime_checkable
class Drawable(Protocol):
    """Whatever shows itself: charts, tables of a report."""

    def to_html(self) -> str:
        """A complete document that needs no network and runs nothing from the data."""
