"""The files in which clouds, networks of delivery and others publish their address ranges.

| published as | whose |
|---|---|
| ``ip-ranges.json`` | AWS |
| ``ServiceTags_*.json`` | Azure, also of governments |
| ``endpoints/worldwide`` (JSON) | Microsoft 365 |
| ``cloud.json``, ``goog.json`` | Google |
| ``public_ip_ranges.json`` | Oracle |
| ``ips-v4``, ``ips-v6``, ``client/v4/ips`` (JSON) | Cloudflare |
| ``public-ip-list`` | Fastly |
| ``meta`` (JSON) | GitHub |
| ``*bot.json`` and other lists of ``prefixes`` | crawlers; named after the file |
| geofeeds (CSV, RFC 8805) | DigitalOcean, Linode, Apple's Private Relay, Starlink ... |
| text with a network a line | anybody |
"""

import csv
import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from huntkit.core.errors import FormatError, UsageError

_LARGEST: Final = 64 << 20
_PREFIX_KEYS: Final = (
    "ip_prefix", "ipv6_prefix", "ipv4Prefix", "ipv6Prefix", "prefix", "cidr", "ipv4_prefix",
)  # fmt: skip

Entry = tuple[str, str]


def published_ranges(path: str | Path, *, name: str = "") -> Iterator[Entry]:
    """Networks and their names, of one file.

    Args:
        path: the file.
        name: whose networks they are; by what the file says, or after the file, by default.

    Raises:
        UsageError: there is no such file.
        FormatError: it is too large, holds no networks, or something that should be one and is
            none: a list that is read in part would say "not of that cloud" without knowing.
    """
    path = Path(path).expanduser()
    content = _content(path)
    whose = name or path.stem
    if content.lstrip()[:1] in (b"{", b"["):
        entries = list(_of_json(_json(content, path), whose, sure=bool(name)))
    else:
        entries = list(_of_lines(content.decode("utf-8-sig", "replace"), whose))
    if not entries:
        raise FormatError(f"{str(path)!r} holds no networks that are known how to read")
    for text, _ in entries:
        _check(text, path)
    return iter(entries)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise FormatError(f"{str(path)!r} is larger than any list of ranges")
        return path.read_bytes()
    except OSError as problem:
        raise UsageError(f"can't read {str(path)!r}: {problem.strerror}") from None


def _json(content: bytes, path: Path) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as problem:
        raise FormatError(f"{str(path)!r} is no JSON: {problem}") from None


def _check(text: str, path: Path) -> None:
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise FormatError(
            f"{str(path)!r} holds {text!r:.80}, which is no network",
            hint="one network a line, such as 192.0.2.0/24, or a file as its cloud publishes it",
        ) from None


def _of_lines(text: str, whose: str) -> Iterator[Entry]:
    """A network a line; what follows a comma says where it is (RFC 8805)."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    for number, row in enumerate(csv.reader(line for line in lines if line)):
        first, rest = row[0].strip(), [each.strip() for each in row[1:4]]
        if number == 0 and row[1:] and first.lower() in ("prefix", "ip_prefix", "network", "cidr"):
            continue
        yield first, _name([whose, *rest])


def _of_json(body: Any, whose: str, *, sure: bool) -> Iterator[Entry]:
    """Every form has a mark of its own; what has none is named after its file."""
    if isinstance(body, list):
        yield from _microsoft_365(body)
        yield from ((text, whose) for text in body if isinstance(text, str))
        return
    if not isinstance(body, dict):
        return
    for key in ("prefixes", "ipv6_prefixes", "subnets"):
        for prefix in _dicts(body.get(key)):
            yield _prefix(prefix), _name(_prefix_words(prefix, whose, sure=sure))
    for tag in _dicts(body.get("values")):  # Microsoft
        about = tag.get("properties")
        prefixes = about.get("addressPrefixes") if isinstance(about, dict) else None
        for text in _texts(prefixes):
            yield text, _name(["Azure", tag.get("name")])
    for region in _dicts(body.get("regions")):  # Oracle
        for each in _dicts(region.get("cidrs")):
            kind = "/".join(_texts(each.get("tags")))
            yield str(each.get("cidr")), _name(["Oracle", kind, region.get("region")])
    for key in ("addresses", "ipv6_addresses"):  # Fastly
        for text in _texts(body.get(key)):
            yield text, whose if sure else "Fastly"
    yield from _cloudflare(body.get("result"))
    if "verifiable_password_authentication" in body:
        yield from _github(body)


def _prefix(prefix: dict[str, Any]) -> str:
    return next((str(prefix[key]) for key in _PREFIX_KEYS if key in prefix), "")


def _prefix_words(prefix: dict[str, Any], whose: str, *, sure: bool) -> list[Any]:
    service, place = prefix.get("service"), prefix.get("region") or prefix.get("scope")
    if sure:
        return [whose, service, place]
    if "region" in prefix and "service" in prefix:
        return ["AWS", service, place]
    if isinstance(service, str) and service.startswith("Google"):
        return [service, place]
    known = {"goog": "Google", "cloud": "Google Cloud"}
    return [known.get(whose, whose), service, place]


def _cloudflare(result: Any) -> Iterator[Entry]:
    for key in ("ipv4_cidrs", "ipv6_cidrs", "jdcloud_cidrs"):
        for text in _texts(result.get(key)) if isinstance(result, dict) else ():
            yield text, "Cloudflare JD Cloud" if key.startswith("jd") else "Cloudflare"


def _github(body: dict[str, Any]) -> Iterator[Entry]:
    for key, listed in body.items():
        if not key.startswith("ssh_"):  # public keys
            for text in _texts(listed):
                yield text, f"GitHub {key}"


def _microsoft_365(body: list[Any]) -> Iterator[Entry]:
    for each in _dicts(body):
        for text in _texts(each.get("ips")):
            yield text, _name(["Microsoft 365", each.get("serviceArea")])


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (
        (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())
    )


def _name(words: Iterable[Any]) -> str:
    return " ".join(word for word in words if isinstance(word, str) and word)
