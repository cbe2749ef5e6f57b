"""The sensor on the wire: Zeek's conn and dns logs."""

from dataclasses import dataclass, field
from datetime import datetime

from huntkit.sources.demo.world import Chance, guid

_CONN = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "proto": "enum",
    "service": "string",
    "duration": "interval",
    "orig_bytes": "count",
    "resp_bytes": "count",
    "conn_state": "string",
    "missed_bytes": "count",
    "history": "string",
}
_DNS = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "proto": "enum",
    "query": "string",
    "qtype_name": "string",
    "rcode_name": "string",
    "answers": "vector[string]",
    "TTLs": "vector[interval]",
}
_RESOLVER = "10.20.30.10"


@dataclass(slots=True)
class Sensor:
    """Records connections and look-ups; `conn_lines` and `dns_lines` give the two logs."""

    chance: Chance
    _conn: list[tuple[datetime, int, list[str]]] = field(default_factory=list)
    _dns: list[tuple[datetime, int, list[str]]] = field(default_factory=list)

    def connection(
        self,
        when: datetime,
        source: str,
        target: str,
        port: int,
        *,
        seconds: float,
        sent: int,
        received: int,
        service: str = "ssl",
    ) -> None:
        """One finished connection."""
        row = [
            f"{when.timestamp():.6f}",
            self._uid(when, source, target),
            source,
            str(self._port()),
            target,
            str(port),
            "tcp",
            service,
            f"{seconds:.6f}",
            str(sent),
            str(received),
            "SF",
            "0",
            "ShADadFf",
        ]
        self._conn.append((when, len(self._conn), row))

    def lookup(self, when: datetime, source: str, name: str, answer: str) -> None:
        """One answered question to the name server."""
        row = [
            f"{when.timestamp():.6f}",
            self._uid(when, source, name),
            source,
            str(self._port()),
            _RESOLVER,
            "53",
            "udp",
            name,
            "A",
            "NOERROR",
            answer,
            "300.000000",
        ]
        self._dns.append((when, len(self._dns), row))

    def conn_lines(self) -> list[str]:
        """Zeek's conn.log."""
        return _tsv("conn", _CONN, self._conn)

    def dns_lines(self) -> list[str]:
        """Zeek's dns.log."""
        return _tsv("dns", _DNS, self._dns)

    def _port(self) -> int:
        return self.chance.stream("sensor").randint(49152, 65535)

    def _uid(self, *parts: object) -> str:
        return "C" + guid(*parts).replace("-", "").strip("{}")[:17]


def _tsv(
    path: str, fields: dict[str, str], rows: list[tuple[datetime, int, list[str]]]
) -> list[str]:
    head = [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        f"#path\t{path}",
        "#open\t2026-03-03-07-00-00",
        "\t".join(["#fields", *fields]),
        "\t".join(["#types", *fields.values()]),
    ]
    return [*head, *("\t".join(row) for _, _, row in sorted(rows)), "#close\t2026-03-03-12-30-00"]
