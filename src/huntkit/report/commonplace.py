"""Indicators that every machine has: the system's own names, schemas, certificates, loopback.

They are only put behind others, and never left out: who attacks may use such names, too.
"""

from typing import Final

from huntkit.enrich.ti.benign import benign_note
from huntkit.entities.indicators import url_host

# Names under which nobody but their owner can put anything: no clouds, shops or repositories.
_OWNERS: Final = {
    "maker of the system": (
        "microsoft.com", "windows.com", "windowsupdate.com", "msn.com", "bing.com", "msedge.net",
        "msftncsi.com", "footprintdns.com", "apple.com", "ubuntu.com", "debian.org", "redhat.com",
    ),
    "schemas": ("w3.org", "xmlsoap.org", "openxmlformats.org", "oasis-open.org", "ietf.org"),
    "certificates": (
        "digicert.com", "verisign.com", "symcb.com", "symcd.com", "globalsign.com",
        "globalsign.net", "lencr.org", "letsencrypt.org", "usertrust.com", "sectigo.com",
        "comodoca.com", "thawte.com", "entrust.net", "identrust.com",
    ),
}  # fmt: skip
_OWNED: Final = {name: what for what, names in _OWNERS.items() for name in names}
_ANYBODY: Final = ("graph.microsoft.com",)  # carries what its users put there
_SCOPES: Final = ("loopback", "multicast", "broadcast", "unspecified")
# https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
_HOSTING: Final = "168.63.129.16"


def commonplace(kind: str, value: str, scope: str = "") -> str:
    """What an indicator is that every machine has; empty for all others.

    Examples:
        >>> commonplace("url", "http://schemas.microsoft.com/win"), commonplace("dns", "w3.org")
        ('maker of the system', 'schemas')
        >>> commonplace("dns", "microsoft.com.evil.example"), commonplace("ipv4", "10.0.0.1")
        ('', '')
    """
    if scope in _SCOPES:
        return scope
    if value == _HOSTING:
        return "the cloud's own service"
    host = url_host(value) if kind == "url" else value.rpartition("@")[2]
    if host in _ANYBODY:
        return ""
    parts = host.split(".")
    for start in range(len(parts) - 1):
        if (what := _OWNED.get(".".join(parts[start:]))) is not None:
            return what
    return benign_note(host).partition(":")[0]
