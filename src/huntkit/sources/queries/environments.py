"""The places that queries are written for, by the names that people give them."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from huntkit.core.errors import did_you_mean

Language = Literal["kql", "spl", "esql", "ppl", "odata", "sql", "clickhouse"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Environment:
    """A kind of place with logs.

    Attributes:
        name: the name that huntkit uses.
        language: what it is asked in; None where queries are not text.
        others: other names that files and notebooks use for it.
    """

    name: str
    language: Language | None
    others: tuple[str, ...] = ()


ENVIRONMENTS: Final = (
    Environment("Local", "kql", ("LocalData",)),
    Environment(
        "MSSentinel",
        "kql",
        (
            "AzureSentinel",
            "LogAnalytics",
            "AzureMonitor",
            "MSSentinel_New",
            "MSSentinel_Legacy",
            "MSSentinelSearch",
        ),
    ),
    Environment("Kusto", "kql", ("AzureDataExplorer", "Kusto_New", "Kusto_Legacy", "ADX")),
    Environment("M365D", "kql", ("M365DGraph", "M365Defender", "DefenderXDR")),
    Environment("MDE", "kql", ("MDATP",)),
    Environment("ResourceGraph", "kql", ("AzureResourceGraph",)),
    Environment("MSGraph", "odata", ("SecurityGraph", "GraphSecurity")),
    Environment("OData", "odata"),
    Environment("Splunk", "spl"),
    Environment("Elastic", "esql", ("Elasticsearch",)),
    Environment("OpenSearch", "ppl"),
    Environment("SQL", "sql", ("PostgreSQL", "DuckDB", "SQLite")),
    Environment("ClickHouse", "clickhouse"),
    Environment("OTRF", None, ("Mordor", "SecurityDatasets")),
    Environment("OSQueryLogs", None, ("OSQuery",)),
    Environment("VelociraptorLogs", None, ("Velociraptor",)),
)

# Products that existing query files name, and that nothing here can ask yet.
NOT_ASKED: Final = frozenset(
    ["cybereason", "prismacloud", "openobserve", "sumologic", "logscale", "qradar"]
)

_BY_NAME: Final = MappingProxyType(
    {each.casefold(): one for one in ENVIRONMENTS for each in (one.name, *one.others)}
)


def environment(name: str) -> Environment | None:
    """The environment that a name means, in any case of letters; None where nothing does.

    Examples:
        >>> environment("AzureSentinel").name
        'MSSentinel'
        >>> environment("splunk").language
        'spl'
    """
    return _BY_NAME.get(name.casefold())


def nearest(name: str) -> str:
    """A hint for a name that no environment has.

    Examples:
        >>> nearest("Splnk")
        "did you mean 'Splunk'?"
    """
    return did_you_mean(name, [each for one in ENVIRONMENTS for each in (one.name, *one.others)])
