"""Names for the numbers in audit records: architectures, system calls, users."""

from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("data") / "syscalls.tsv"
# linux/audit.h: the machine's number in ELF, with bits for 64 bits and little end first.
_ARCHITECTURES = {
    "c000003e": "x86_64",
    "40000003": "i386",
    "c00000b7": "aarch64",
    "40000028": "arm",
    "c0000015": "ppc64le",
    "80000015": "ppc64",
    "80000016": "s390x",
    "c00000f3": "riscv64",
}
_OTHER_NAMES = {"amd64": "x86_64", "i686": "i386", "i586": "i386", "arm64": "aarch64"}
_X32 = 0x40000000  # asm/unistd.h: x32's calls are those of x86_64 with this bit
_NOBODY = frozenset({"4294967295", "-1", "unset"})


def architecture(given: str) -> str:
    """The name of an architecture, given as the kernel's number or as a name.

    Examples:
        >>> architecture("c000003e"), architecture("amd64"), architecture("1234")
        ('x86_64', 'x86_64', '1234')
    """
    low = given.lower()
    return _ARCHITECTURES.get(low) or _OTHER_NAMES.get(low) or given


def syscall_name(arch: str, number: str) -> str:
    """The name of a system call; empty if that architecture's table is not known here.

    A name that is one already stays.

    Examples:
        >>> syscall_name("c000003e", "59"), syscall_name("c00000b7", "221")
        ('execve', 'execve')
        >>> syscall_name("x86_64", "openat"), syscall_name("s390x", "11")
        ('openat', '')
    """
    if not number.isascii() or not number.isdecimal():
        return number if number.isascii() and number.isidentifier() else ""
    if len(number) > 10:
        return ""
    name = architecture(arch)
    value = int(number)
    if name == "x86_64" and value & _X32:
        value -= _X32
    return _table().get((name, value), "")


def user_name(number: str) -> str:
    """What every Linux calls a user id: ``root``, and ``unset`` for none; else empty.

    Examples:
        >>> [user_name(each) for each in ("0", "4294967295", "1000")]
        ['root', 'unset', '']
    """
    if number in _NOBODY:
        return "unset"
    return "root" if number == "0" else ""


@cache
def _table() -> dict[tuple[str, int], str]:
    lines = _FILE.read_text(encoding="ascii").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {(arch, int(number)): name for arch, number, name in rows}
