"""The stage: one small company, its people, its machines, and its one source of chance."""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

DAY = datetime(2026, 3, 3, tzinfo=UTC)  # a Tuesday; fixed, so that output never depends on a clock
DOMAIN = "larkspur.example"
REALM = "LARKSPUR"
C2_NAME = "cdn.updates-portal.example.net"
C2_IP = "203.0.113.45"
DROP_NAME = "files.updates-portal.example.net"
DROP_IP = "203.0.113.77"
KEY_THIEF_IP = "198.51.100.23"


def at(clock: str) -> datetime:
    """A moment of the day of the intrusion.

    Examples:
        >>> at("09:12:31.250").isoformat()
        '2026-03-03T09:12:31.250000+00:00'
    """
    hours, minutes, seconds = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    name: str
    rid: int

    @property
    def sid(self) -> str:
        """The security identifier; an invented domain's."""
        return f"S-1-5-21-1004336348-1177238915-682003330-{self.rid}"


ANNA = Person("anna.berg", 1108)
TOM = Person("tom.reyes", 1112)
NILS = Person("adm-nils", 1104)
BACKUP = Person("svc-backup", 1121)
HELPDESK2 = Person("helpdesk2", 1163)
PEOPLE = (ANNA, TOM, NILS, BACKUP)


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer of the company."""

    short: str
    ip: str

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.short}.{DOMAIN}"


WS01 = Machine("lark-ws01", "10.20.30.41")
WS02 = Machine("lark-ws02", "10.20.30.42")
DC01 = Machine("lark-dc01", "10.20.30.10")
WEB01 = Machine("lark-web01", "10.20.30.80")

SITES = {  # name -> address, all of them documentation ranges
    "www.example.com": "192.0.2.10",
    "mail.example.net": "192.0.2.25",
    "news.example.org": "198.51.100.80",
    "docs.vendor.example": "198.51.100.81",
    "updates.vendor.example": "198.51.100.82",
    "weather.example.org": "198.51.100.83",
    "crm.example.com": "192.0.2.61",
    "intranet.larkspur.example": "10.20.30.80",
}


@dataclass(slots=True)
class Chance:
    """The one source of chance: separate streams by name, so that parts do not disturb each other.

    Examples:
        >>> Chance(7).stream("noise").random() == Chance(7).stream("noise").random()
        True
    """

    seed: int
    _streams: dict[str, random.Random] = field(default_factory=dict)

    def stream(self, name: str) -> random.Random:
        """The stream of that name; asking again continues it."""
        if name not in self._streams:
            # Not for secrets: a demo must repeat itself.
            self._streams[name] = random.Random(f"{self.seed}/{name}")  # noqa: S311
        return self._streams[name]


def guid(*parts: object) -> str:
    """A GUID in braces that depends on its parts only.

    Examples:
        >>> guid("a", 1) == guid("a", 1) != guid("a", 2)
        True
    """
    digits = _digest(parts)
    return (
        "{"
        + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
        + "}"
    )


def hashes(image: str) -> str:
    """Sysmon's ``Hashes`` text for a program, invented from its name."""
    digits = _digest((image.lower(),)).upper()
    return f"MD5={digits[:32]},SHA256={_digest((image.lower(), 'sha256')).upper()}"


def _digest(parts: tuple[object, ...]) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
