"""Where records go that are no Windows events: by their shape, or by what they say they are."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from huntkit.sources.local.mapping import azure, exports, rules
from huntkit.sources.local.mapping.azure import Diagnostics
from huntkit.sources.local.mapping.rules import Family
from huntkit.sources.local.mapping.values import to_float

Row = dict[str, Any]
_OSQUERY = frozenset({"name", "hostIdentifier"})
_OSQUERY_RESULTS = frozenset({"action", "snapshot", "diffResults"})
_ZEEK_PATHS = ("_path", "@stream")
_MOST_SHAPES = 10_000
MOST_COLUMNS = 2_000


class Shapes:
    """Answers for a file's record shapes, each worked out once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._zeek = _zeek_named(name)
        self._known: dict[tuple[str, ...], tuple[Family | str, bool]] = {}

    def target(self, row: Row) -> Family | Diagnostics | str:
        """The mapping family for a record, its table in Azure's envelope, or its table's name."""
        shape = tuple(row)
        if shape not in self._known:
            if len(self._known) >= _MOST_SHAPES:
                self._known.clear()
            self._known[shape] = self._look(row)
        found, speaks = self._known[shape]
        if speaks:
            zeek = zeek_table(row, self._zeek)
            named = exports.named_in(row) or zeek or osquery_table(row) or suricata_table(row)
            return named or azure.target(row) or found
        return found

    @property
    def own_table(self) -> str:
        """The table that is named after the file."""
        return own_table(self._name)

    def _look(self, row: Row) -> tuple[Family | str, bool]:
        """What the shape says, and whether the record's values may say it better."""
        file = self._name.rpartition("!")[2].replace("\\", "/").rpartition("/")[2]
        for family in rules.families():
            if family.is_of(row.keys(), file):
                return family, False
        speaks = any(name in row for name in exports.NAMING)
        speaks = speaks or _is_zeek(row) or _is_osquery(row) or azure.is_envelope(row)
        speaks = speaks or ("event_type" in row and "timestamp" in row)
        return exports.guess(row, row.get("ActionType")) or self.own_table, speaks


def own_table(name: str) -> str:
    """A table named after the file; Velociraptor's artifacts are known by their names.

    Examples:
        >>> own_table("Windows.System.Pslist.json"), own_table("hosts.csv")
        ('Velociraptor_Windows_System_Pslist', 'hosts')
        >>> own_table("c.zip!results/Generic.Client.Info%2FBasicInformation.json")
        'Velociraptor_Generic_Client_Info_BasicInformation'
    """
    folder, _, file = name.rpartition("!")[2].replace("\\", "/").rpartition("/")
    parts = file.split(".")
    collected = parts[0] in _ARTIFACTS or folder.rpartition("/")[2] == "results"
    if not collected or len(parts) < 3:
        return exports.identifier(name)
    return f"Velociraptor_{exports.identifier(unquote(file).replace('/', '_'))}"


_ARTIFACTS = {"Windows", "Linux", "MacOS", "Generic", "Server", "Custom", "Exchange"}


def _is_zeek(row: Mapping[str, Any]) -> bool:
    return "ts" in row and any(name in row for name in _ZEEK_KEYS)


def _zeek_named(name: str) -> str:
    """The Zeek log that a file's name says, as Zeek and its rotation name them, or nothing."""
    file = name.replace("\\", "/").rpartition("!")[2].rpartition("/")[2]
    found = _ZEEK_FILE.match(file)
    return found[1] if found and found[1] in _ZEEK_LOGS else ""


def zeek_table(row: Row, named: str = "") -> str | None:
    """``Zeek_conn`` and so on for a record of a Zeek log in JSON.

    Zeek says which log it is only if told to; else the file's name does (`named`), or the fields
    that only one log has.

    Examples:
        >>> zeek_table({"ts": 1.5, "uid": "C1", "note": "Scan::Port"}, named="notice")
        'Zeek_notice'
    """
    if not _is_zeek(row):
        return None
    for name in _ZEEK_PATHS:
        path = row.get(name)
        if isinstance(path, str) and path:
            return f"Zeek_{exports.identifier(path)}"
    if named:
        return f"Zeek_{named}"
    for path, keys in _ZEEK_SIGNS:
        if all(key in row for key in keys):
            return f"Zeek_{path}"
    return None


def suricata_table(row: Row) -> str | None:
    """``Suricata_alert`` and so on for a record of Suricata's eve.json.

    What a record is about is an object that is called like its type, see
    https://docs.suricata.io/en/latest/output/eve/eve-json-format.html

    Examples:
        >>> suricata_table({"timestamp": "2024-05-06T07:08:09.123456+0200", "event_type": "dns",
        ...                 "src_ip": "10.0.0.1", "dns": {"rrname": "x.example"}})
        'Suricata_dns'
    """
    kind = row.get("event_type")
    if not isinstance(kind, str) or not isinstance(row.get(kind), dict):
        return None
    if "timestamp" not in row or not ("src_ip" in row or kind == "stats"):
        return None
    return f"Suricata_{exports.identifier(kind)}"


# What is unset is left out of a record, so the fewest fields that can't be another log's.
_ZEEK_SIGNS = (
    ("conn", ("conn_state",)),
    ("dns", ("query", "qtype")),
    ("dns", ("query", "trans_id")),
    ("http", ("method", "uri")),
    ("http", ("trans_depth", "host")),
    ("ssl", ("version", "cipher")),
    ("files", ("fuid", "mime_type")),
    ("files", ("fuid", "seen_bytes")),
    ("notice", ("note", "actions")),
)
_ZEEK_KEYS = (*_ZEEK_PATHS, "uid", "uids", "fuid", "id.orig_h", "id_orig_h")
_ZEEK_FILE = re.compile(
    r"([a-z][a-z0-9_]*?)(?:[._-][0-9][0-9T:._-]*)?\.(?:log|json|ndjson|jsonl)\b"
)
# https://docs.zeek.org/en/master/script-reference/log-files.html
_ZEEK_LOGS = frozenset(
    [
        "conn",
        "dce_rpc",
        "dhcp",
        "dnp3",
        "dns",
        "dpd",
        "files",
        "ftp",
        "http",
        "intel",
        "irc",
        "kerberos",
        "known_certs",
        "known_hosts",
        "known_services",
        "ldap",
        "ldap_search",
        "modbus",
        "mqtt_connect",
        "mqtt_publish",
        "mqtt_subscribe",
        "mysql",
        "notice",
        "notice_alarm",
        "ntlm",
        "ntp",
        "ocsp",
        "openflow",
        "pe",
        "postgresql",
        "quic",
        "radius",
        "rdp",
        "rfb",
        "signatures",
        "sip",
        "smb_cmd",
        "smb_files",
        "smb_mapping",
        "smtp",
        "snmp",
        "socks",
        "software",
        "ssh",
        "ssl",
        "syslog",
        "tunnel",
        "weird",
        "x509",
    ]
)


def osquery_table(row: Row) -> str | None:
    """``Osquery_<name>`` for a record of osquery's result log."""
    name = row.get("name")
    if not isinstance(name, str) or not _is_osquery(row):
        return None
    return f"Osquery_{exports.identifier(name.rpartition('/')[2])}"


def _is_osquery(row: Mapping[str, Any]) -> bool:
    return row.keys() >= _OSQUERY and not _OSQUERY_RESULTS.isdisjoint(row.keys())


def osquery_rows(row: Row) -> list[Row]:
    """The rows of a result: one of an event, as many as there are of a snapshot or a batch.

    A snapshot that found nothing stays as one row without columns of its own: that it was taken
    is known by nothing else. See https://osquery.readthedocs.io/en/stable/deployment/logging/

    Examples:
        >>> taken = {"name": "p", "hostIdentifier": "h", "action": "snapshot", "unixTime": 1,
        ...          "snapshot": [{"pid": "1"}, {"pid": "2"}]}
        >>> [(each["Action"], each["pid"]) for each in osquery_rows(taken)]
        [('snapshot', '1'), ('snapshot', '2')]
    """
    said = {"columns", "snapshot", "diffResults", "calendarTime", "unixTime", "hostIdentifier",
            "action"}  # fmt: skip
    unix = row.get("unixTime")
    is_known = bool(unix) and to_float(unix) is not None
    if unix and not is_known:
        said.remove("unixTime")
    common = {
        "TimeGenerated": unix if is_known else row.get("calendarTime"),
        "Computer": row.get("hostIdentifier"),
    }
    about = {"_about": {key: value for key, value in row.items() if key not in said}}
    return [
        {
            **common,
            "Action": action,
            **{key if key not in _OSQUERY_OWN else f"{key}_": v for key, v in columns.items()},
            **about,
        }
        for action, columns in _osquery_found(row)
    ]


def _osquery_found(row: Row) -> list[tuple[Any, Row]]:
    """Action and columns of each row; what has another form than osquery's stays as it is."""
    action = row.get("action")
    batch = row.get("diffResults")
    if isinstance(batch, dict) and all(_are_rows(each) for each in batch.values()):
        found = [(kind, one) for kind, each in batch.items() for one in each or ()]
        return found or [(action, {})]
    if batch is not None:
        return [(action, {"diffResults": batch})]
    given = row.get("columns", row.get("snapshot"))
    if isinstance(given, dict):
        return [(action, given)]
    if _are_rows(given):
        return [(action, one) for one in given or ()] or [(action, {})]
    return [(action, {"snapshot": given})]


def _are_rows(value: Any) -> bool:
    """A list of rows; an empty one is written as an empty text, too."""
    listed = isinstance(value, list) and all(isinstance(each, dict) for each in value)
    return listed or value in (None, "")


_OSQUERY_OWN = frozenset({"TimeGenerated", "Computer", "Action", "_about"})


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Rows as columns; beyond 2,000 names the rest of a row is one object in ``_extra_``."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) <= MOST_COLUMNS:
        return {name: [row.get(name) for row in rows] for name in names}
    kept = set(names[:MOST_COLUMNS])
    columns = {name: [row.get(name) for row in rows] for name in names[:MOST_COLUMNS]}
    columns["_more"] = [{k: v for k, v in row.items() if k not in kept} or None for row in rows]
    return columns
