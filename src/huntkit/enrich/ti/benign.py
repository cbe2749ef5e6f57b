"""Indicators that stand in many reports without being bad: a word of caution, never a verdict.

The operators' own pages name their resolvers; the hashes are those of empty input.
"""

from typing import Final

_RESOLVERS: Final = {
    "Google": ("8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"),
    "Cloudflare": ("1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001"),
    "Quad9": ("9.9.9.9", "149.112.112.112", "2620:fe::fe", "2620:fe::9"),
    "OpenDNS": ("208.67.222.222", "208.67.220.220"),
}
_EMPTY: Final = (
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)
_EVERYWHERE: Final = {
    "windowsupdate.com": "Windows Update",
    "update.microsoft.com": "Windows Update",
    "msftconnecttest.com": "Windows' test of its connection",
    "connectivitycheck.gstatic.com": "Android's test of its connection",
    "captive.apple.com": "Apple's test of its connection",
    "ocsp.digicert.com": "the status of certificates",
    "pool.ntp.org": "the time of day",
}
_NOTES: Final = {
    **{
        address: f"the public DNS resolver of {owner}: it stands in many reports by chance"
        for owner, addresses in _RESOLVERS.items()
        for address in addresses
    },
    **dict.fromkeys(_EMPTY, "the hash of an empty file: it says nothing about any other file"),
}


def benign_note(value: str) -> str:
    """What to keep in mind about an indicator that many innocent machines have; often nothing.

    Args:
        value: its normal form.

    Examples:
        >>> benign_note("9.9.9.9")
        'the public DNS resolver of Quad9: it stands in many reports by chance'
        >>> benign_note("a.windowsupdate.com")
        'a name that machines ask for by themselves (Windows Update)'
        >>> benign_note("evilwindowsupdate.com")
        ''
    """
    if value in _NOTES:
        return _NOTES[value]
    parts = value.split(".")
    for start in range(len(parts) - 1):
        if (what := _EVERYWHERE.get(".".join(parts[start:]))) is not None:
            return f"a name that machines ask for by themselves ({what})"
    return ""
