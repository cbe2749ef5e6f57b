r"""Where things lie on a host: files, registry keys, named pipes, mutexes.

A value is told apart from the text around it elsewhere; here stands what a whole text must be like
to be one, and its normal form. Sources: "Naming Files, Paths, and Namespaces" and "Registry Hives"
(Microsoft), the Filesystem Hierarchy Standard 3.0, hier(7) of macOS.
"""

import re

_SEPARATORS = re.compile(r"\\+")
_ILLEGAL = re.compile(r"[\x00-\x1f\x7f\"<>|*?]")
_DRIVE = re.compile(r"(?:\\\\[?.]\\|\\\?\?\\)?[A-Za-z]:[\\/](?=[^\\/])")
_SHARE = re.compile(
    r"\\\\(?:[?.]\\UNC\\)?(?![?.]\\)([\w.\-]{1,255}(?:@SSL)?(?:@\d{1,5})?)\\(?=[^\\/])",
    re.IGNORECASE,
)
_FOLDER = re.compile(
    r"(?:%[A-Za-z_]\w{0,40}(?:\(x86\))?%|\\(?:SystemRoot|Device\\\w{1,40}))\\(?=[^\\/])",
    re.IGNORECASE,
)
_ONE_AT_START = re.compile(r"(?i)\\\\(?:SystemRoot|\?\?|Device\\(?:Harddisk|Mup|CdRom)\w*)\\")
_HIVE = re.compile(
    r"(?:Registry::|Computer\\)?"
    r"(HKEY_(?:LOCAL_MACHINE|CURRENT_USER|CLASSES_ROOT|USERS|CURRENT_CONFIG|PERFORMANCE_DATA)"
    r"|HK(?:LM|CU|CR|U|CC)|\\REGISTRY\\(?:MACHINE|USER|A)):?\\(?=.)",
    re.IGNORECASE | re.DOTALL,
)
_PIPE = re.compile(
    r"\\\\[\w.\-]{1,255}\\pipe\\.|\\Device\\NamedPipe\\.|\\[^\\]", re.IGNORECASE | re.DOTALL
)
_MUTEX = re.compile(
    r"(?:\\(?:Sessions\\\d{1,5}\\)?BaseNamedObjects|Global|Local|Session\\\d{1,5})\\"
    r"[\w{}.!#$~+@:\-]{3,200}",
    re.IGNORECASE,
)
# Folders that are named Local or Global lie in every user's profile.
_PROFILE_FOLDERS = frozenset({
    *("applications", "apps", "cache", "comms", "d3dscache", "google", "history", "low"),
    *("microsoft", "mozilla", "packages", "programs", "temp", "tempstate"),
})  # fmt: skip
_BY_THEMSELVES = frozenset({
    *("bin", "boot", "dev", "etc", "lib", "lib64", "mnt", "opt"),
    *("proc", "root", "sbin", "srv", "sys", "tmp", "usr", "var"),
})  # fmt: skip
TOP_FOLDERS = _BY_THEMSELVES | {
    *("home", "lib32", "libexec", "lost+found", "media", "run", "snap", "nix", "export", "sdcard"),
    *("Applications", "Library", "Network", "System", "Users", "Volumes", "cores", "private"),
}
_ANDROID = re.compile(
    r"/(?:data/(?:local|data|app|misc|user)|system/(?:x?bin|app|etc|lib(?:64)?|priv-app)|storage/emulated|vendor/(?:bin|etc|lib(?:64)?))/."
)
_HOME = re.compile(r"(?:~[\w.-]{0,32}|\$HOME|\$\{HOME\})/.")


def windows_path(text: str) -> str | None:
    r"""A path of Windows with single separators, or None.

    It starts at a drive, a share, a device or a variable such as ``%TEMP%``, and names more than
    that start.

    Examples:
        >>> windows_path(r"C:\\Users\\bob\\a.txt")
        'C:\\Users\\bob\\a.txt'
        >>> windows_path("C:\\") is None, windows_path(r"HKLM\SOFTWARE\a") is None
        (True, True)
    """
    if len(text) > 32_767 or _ILLEGAL.search(text.removeprefix("\\\\?\\").removeprefix("\\??\\")):
        return None
    path = _unescaped(text)
    path = path[:2] + _SEPARATORS.sub(r"\\", path[2:])
    if _ONE_AT_START.match(path):
        path = path[1:]
    start = _DRIVE.match(path) or _SHARE.match(path) or _FOLDER.match(path)
    if start is None or ":" in path[start.end() :].partition(":")[2]:
        return None
    if re.match(r"(?i)\\\\[\w.\-]+\\pipe\\|\\Device\\NamedPipe\\", path):
        return None
    return path.rstrip("\\/") if path[start.end() :].strip(" .\\/") != "" else None


def linux_path(text: str) -> str | None:
    """A full path of Linux, macOS or Android without a slash at its end, or None.

    The first folder is one that such systems have; without that, every piece of a URL would do.

    Examples:
        >>> linux_path("/etc/passwd"), linux_path("~/.ssh/id_rsa"), linux_path("/tmp/")
        ('/etc/passwd', '~/.ssh/id_rsa', '/tmp')
        >>> linux_path("/api/v1/users") is None
        True
    """
    if len(text) > 4096 or "\0" in text or "\n" in text:
        return None
    if _HOME.match(text) or _ANDROID.match(text):
        return text.rstrip("/")
    first, _, rest = text[1:].partition("/")
    if not text.startswith("/") or first not in TOP_FOLDERS:
        return None
    if not rest.strip("/") and first not in _BY_THEMSELVES:
        return None
    return text.rstrip("/")


def registry_key(text: str) -> str | None:
    r"""A key or value of the registry, its hive in capitals as written, or None.

    Examples:
        >>> registry_key(r"hklm:\\SOFTWARE\\Vendor")
        'HKLM\\SOFTWARE\\Vendor'
    """
    path = _SEPARATORS.sub(r"\\", _unescaped(text))
    start = _HIVE.match(path)
    if start is None or "\n" in text or len(text) > 32_767:
        return None
    return f"{start[1].upper()}\\{path[start.end() :].rstrip(chr(92))}"


def named_pipe(text: str) -> str | None:
    r"""A named pipe with single separators, or None; ``\name`` alone is how Sysmon writes one.

    Examples:
        >>> named_pipe(r"\\\\.\\pipe\\evil"), named_pipe(r"\\.\pipe\evil")
        ('\\\\.\\pipe\\evil', '\\\\.\\pipe\\evil')
    """
    path = _unescaped(text)
    return path if _PIPE.match(path) and "\n" not in path and len(path) <= 512 else None


def mutex(text: str) -> str | None:
    r"""The name of a mutex or another kernel object, with its name space, or None.

    Examples:
        >>> mutex(r"Global\MsWinZonesCacheCounterMutexA"), mutex(r"Local\Temp")
        ('Global\\MsWinZonesCacheCounterMutexA', None)
    """
    path = _unescaped(text)
    if not _MUTEX.fullmatch(path):
        return None
    name = path.rpartition("\\")[2]
    return None if name.lower() in _PROFILE_FOLDERS else path


def _unescaped(text: str) -> str:
    """Separators as they are, where JSON or a program wrote two for each."""
    start = len(text) - len(text.lstrip("\\"))
    inner = _SEPARATORS.findall(text, start)
    doubled = all(len(run) % 2 == 0 for run in inner) if inner else start >= 4
    if not doubled:
        return text
    return _SEPARATORS.sub(lambda run: "\\" * (len(run[0]) // 2 or 1), text)
