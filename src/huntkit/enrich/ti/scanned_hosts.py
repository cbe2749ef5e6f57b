"""What Shodan's two services say about a host: facts, and tags that are all but verdicts."""

from collections.abc import Mapping
from typing import Any, Final

from huntkit.enrich.ti.provider import Severity
from huntkit.enrich.ti.replies import values

# Shodan's tags for hosts that serve attackers or were taken by them.
_BAD_TAGS: Final = frozenset({"c2", "compromised", "malware"})


def judged_tags(body: Mapping[str, Any]) -> tuple[Severity, str]:
    """The severity of a host, and why. Open ports and weaknesses are no verdict.

    Examples:
        >>> judged_tags({"tags": ["c2", "cloud"], "ports": [443]})
        ('high', 'tagged c2')
        >>> judged_tags({"tags": [], "ports": [22, 443], "vulns": ["CVE-2024-6387"]})
        ('unknown', 'no verdict: 2 open ports, 1 known weaknesses')
    """
    bad = sorted(_BAD_TAGS & {str(tag).casefold() for tag in values(body, "tags")})
    if bad:
        return "high", f"tagged {', '.join(bad)}"
    vulns = body.get("vulns") or ()
    ports = values(body, "ports")
    return "unknown", f"no verdict: {len(ports)} open ports, {len(vulns)} known weaknesses"
