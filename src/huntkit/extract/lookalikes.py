"""Tell a domain name, address or file hash from what only looks like one.

Whether ``run.zip`` is a file or a host can't be known from the name alone, so these rules read
the text around it. In doubt they prefer what logs mostly hold: a bare word with a file ending is a
file, a word with an ending that is a word of program code is code when anything around it looks
like code. The words stand in ``lookalikes.txt``.
"""

import re
from functools import cache
from importlib.resources import files

from huntkit.entities.digests import DIGEST_SIZES
from huntkit.entities.domains import is_top_level

# Read from right to left: the label before "=", with quotes and blanks in between.
_FIELD_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")  # ProductVersion, product_version
_PREFETCH = re.compile(r"-[0-9a-f]{8}$")  # MSHTA.EXE-A970B441.pf: hash of the program's path
_LABEL_BACK = re.compile(r"[\"'\\]{0,4}\s{0,3}[:=]\s{0,3}[\"'\\]{0,4}([\w-]{2,40})")


@cache
def words(section: str) -> frozenset[str]:
    """One list of ``lookalikes.txt``.

    Raises:
        KeyError: no such section.
    """
    return _sections()[section]


@cache
def _sections() -> dict[str, frozenset[str]]:
    text = files("huntkit.extract").joinpath("lookalikes.txt").read_text("utf-8")
    sections: dict[str, set[str]] = {}
    current: set[str] = set()
    for line in text.splitlines():
        entry = line.partition("#")[0].strip()
        if entry.startswith("["):
            current = sections.setdefault(entry.strip("[]"), set())
        else:
            current.update(entry.split())
    return {name: frozenset(found) for name, found in sections.items()}


def reads_as_domain(name: str, *, before: str, after: str) -> bool:
    """Whether a syntactically valid name stands in its text as a domain.

    Args:
        name: the name as written.
        before: the text of the chunk to its left.
        after: the text of the chunk to its right.

    Examples:
        >>> reads_as_domain("System.Net", before="", after=".WebClient")
        False
        >>> reads_as_domain("evil.example.zip", before="//", after="/a")
        True
    """
    if _is_in_path(before) or _is_reference(before, after):
        return False
    labels = name.split(".")
    ending = labels[-1]
    lower = name.lower()
    first, ending = lower.partition(".")[0], ending.lower()
    if lower in words("known-names"):
        return False
    if first == "www":
        return True
    if not _case_fits(labels):
        return False
    if _is_addressed(before, after):
        return not _is_line_of_file(lower, after)
    if _may_end_file(ending) and _is_file(lower.split(".")):
        return False
    if ending == "com" and len(labels) == 2 and first in words("dos-programs"):
        return False
    return not _is_code(labels, before, after)


def reads_as_address(text: str, *, before: str, after: str) -> bool:
    """Whether four numbers with dots stand in their text as an IPv4 address, not as a version.

    Examples:
        >>> reads_as_address("120.0.0.0", before="Chrome/", after="")
        False
        >>> reads_as_address("192.0.2.7", before="src=", after=":443")
        True
    """
    if text.endswith(".0.0.0") and not re.match(r"/\d", after[:2]):
        return False  # the number of a network without its mask; 4.0.0.0 is a version
    if before[-1:] in {"\\", "/"} and _is_in_path(before):
        return False
    if before.endswith("-") and re.search(r"[^\W\d_]-$", before[-8:]):
        return False  # a package: name-1.2.3.4
    if re.match(r"-[^\W\d_]", after[:2]):
        return False  # 1.2.3.4-beta
    return not re.search(r"(?i)(?:\bv|ver|version|oid)[\"']?[:=]?$", before[-12:])


def reads_as_hash(*, before: str, after: str = "") -> bool:
    r"""Whether hexadecimal text with this around it may be the hash of a file.

    The name of a folder in a Windows path and of a commit in a repository's URL are none.

    Examples:
        >>> reads_as_hash(before="SHA1=..,IMPHASH="), reads_as_hash(before="MD5=")
        (False, True)
        >>> reads_as_hash(before="https://git.example/a/blob/", after="/b.ps1")
        False
    """
    if before.endswith("\\") and after.startswith("\\"):
        return False
    if after.startswith("/") and re.search(r"/(?:blob|tree|raw|commits?)/$", before[-9:]):
        return False
    label = _LABEL_BACK.match(before[-60:][::-1])
    return label is None or label[1][::-1].lower().lstrip("_") not in words("not-file-hashes")


def reads_as_code_name(host: str) -> bool:
    """Whether a whole URL without port and path is a name of program code made into a link.

    Examples:
        >>> reads_as_code_name("system.management.automation"), reads_as_code_name("system.net")
        (True, False)
    """
    first, _, rest = host.partition(".")
    ending = rest.rpartition(".")[2]
    return rest != "" and first in words("name-spaces") and not is_top_level(ending)


@cache
def never_in_field(field: str) -> frozenset[str]:
    """The types of indicators that the values of a field of this name never are.

    Versions look like addresses, session and machine ids like hashes.

    Examples:
        >>> never_in_field("ProductVersion"), sorted(never_in_field("ja3s"))
        (frozenset({'ipv4'}), ['md5_hash', 'sha1_hash', 'sha256_hash', 'sha512_hash'])
    """
    parts = [part.lower() for part in _FIELD_WORD.findall(field)]
    if not {"version", "ver", "oid"}.isdisjoint(parts):
        return frozenset({"ipv4"})
    name = field.rpartition(".")[2].lower().strip("_")
    if name in words("not-file-hashes") or parts[-1:] in (["id"], ["mask"]):
        return frozenset(DIGEST_SIZES)
    return frozenset()


def hash_in_field(field: str) -> str | None:
    """The type of hash that a field of this name holds, where it is none of a file.

    Examples:
        >>> hash_in_field("tls.ja3s"), hash_in_field("ImpHash"), hash_in_field("SessionId")
        ('ja3_hash', 'imphash', None)
    """
    name = field.rpartition(".")[2].lower().replace("_", "")
    if re.fullmatch(r"ja3s?(?:hash|fingerprint|digest)?", name):
        return "ja3_hash"
    return "imphash" if re.fullmatch(r"(?:pe|file)?imp(?:ort)?hash", name) else None


def _is_in_path(before: str) -> bool:
    """Directly behind a slash or backslash, and that slash is no start of a host."""
    last = before[-1:]
    if last == "\\":
        # \\host\share: two backslashes with nothing of a path before them.
        stem = before.rstrip("\\")
        return len(before) - len(stem) < 2 or bool(re.search(r"[\w:.)%$~]$", stem[-1:]))
    if last == "/" and before.endswith(("/dev/tcp/", "/dev/udp/")):
        return False  # bash opens a connection by this path
    if last == "/":
        stem = before.rstrip("/")
        if len(before) - len(stem) >= 2:
            return bool(re.search(r"[\w.)]$", stem[-1:]))
        service = re.search(r"(?:^|[^\w/\\.-])([\w-]+)$", stem[-48:])
        return service is None or service[1].lower() not in words("service-classes")
    return False


def _is_reference(before: str, after: str) -> bool:
    """A variable ($a.name), a key (a.name=...), or a piece of a longer word."""
    if re.search(r"[$\w]$|\$\{?$|\$\($", before[-2:]):
        return True
    return bool(re.match(r"[=\w]|\[", after[:1])) or after.startswith(("::", "@"))


def _case_fits(labels: list[str]) -> bool:
    """Title-case endings (System.Net) and shouted ones behind lower case (System.IO) are code."""
    ending = labels[-1]
    if ending.islower() or not ending.isascii():
        return True
    return ending.isupper() and not any(
        label[:1].isupper() and any(c.islower() for c in label) for label in labels[:-1]
    )


def _is_addressed(before: str, after: str) -> bool:
    """A port follows, or a double slash or an at sign stands before: only hosts have these."""
    return before.endswith(("//", "@")) or bool(re.match(r":\d{2,5}(?!\d)", after[:8]))


def _is_line_of_file(name: str, after: str) -> bool:
    """main.rs:42 is a line of a file; evil.zip:443 is a host, as its port is a usual one."""
    port = re.match(r":(\d+)", after)
    return (
        port is not None
        and name.count(".") == 1
        and name.rpartition(".")[2] in words("file-endings")
        and port[1] not in words("usual-ports")
    )


def _may_end_file(ending: str) -> bool:
    """Country codes and the endings of nearly all names are no endings of copied files."""
    if ending in words("file-endings"):
        return True
    return ending.isascii() and len(ending) > 2 and ending not in words("plain-endings")


def _is_file(labels: list[str]) -> bool:
    ending, stem = labels[-1], labels[-2]
    if ending == "pf":
        return bool(_PREFETCH.search(stem))
    if ending not in words("file-endings"):
        # report.json.new, letter.docx.locker: a copy, a download, what an encryptor renamed.
        return len(labels) > 2 and stem in words("document-endings")
    if len(labels) == 2:
        # A country's ending needs more than a word: libc.so is a file, example.so may be a host.
        return ending != "so" or stem.startswith("lib")
    if ending in words("always-files") or stem in words("inner-file-parts"):
        return True
    return len(labels) == 2


def _is_code(labels: list[str], before: str, after: str) -> bool:
    ending = labels[-1].lower()
    first = labels[0].lower()
    wordy = (len(ending) > 2 and ending not in words("plain-endings")) or ending in words(
        "wordy-country-codes"
    )
    if first in {"java", "javax", "jakarta"}:
        return True
    if first in words("package-roots") and ending not in {"com", "net", "org"}:
        return True  # com.example.app
    if not wordy or not ending.isascii():
        return False
    if re.match(r"[(\\]", after[:1]) or before.endswith(("]", ")", "->", "&")):
        return True
    if first in words("code-words") or len(labels[-2]) == 1:
        return True
    return any(label[:1].isupper() and not label.isupper() for label in labels)
