"""A picture of a page, made by the browser of this machine in a profile that is thrown away.

The page runs in the browser, as it would for a visitor: it can do there what pages can do, and its
server learns of the visit. So this is never done unless it is called.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from huntkit.core.errors import HuntkitError, RequestFailed, TimedOut, UsageError
from huntkit.entities.indicators import refang
from huntkit.runtime.session import Session, default_session

_BROWSERS: Final = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge",
)  # fmt: skip
_ARGUMENTS: Final = (
    "--headless=new", "--incognito", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-client-side-phishing-detection",
    "--disable-component-update", "--disable-default-apps", "--disable-domain-reliability",
    "--disable-extensions", "--disable-gpu", "--disable-sync", "--disable-breakpad",
    "--deny-permission-prompts", "--hide-scrollbars", "--mute-audio", "--password-store=basic",
    "--use-mock-keychain", "--disk-cache-size=33554432", "--media-cache-size=33554432",
)  # fmt: skip
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_LARGEST: Final = 8_192


def screenshot(
    url: str,
    to: str | Path,
    *,
    width: int = 1280,
    height: int = 960,
    timeout_s: float = 60.0,
    browser: str | Path | None = None,
    unprotected: bool = False,
    force: bool = False,
    session: Session | None = None,
) -> Path:
    """The file with a picture (PNG) of a page, as a visitor with this machine's address sees it.

    The browser starts with an empty profile in a folder of its own, without extensions, cookies
    and accounts, and the folder is removed. What the page asks for, the browser fetches, also
    from your own network: for hostile pages use a machine that can't reach it. No picture is made
    of what is no page: a refused connection, an endless redirect, a download, a local file, a page
    behind a password; nor of one that stops at a dialog or keeps the browser busy until the end.
    That is the browser's to tell: Chromium 156 does, 150 pictures its own page of the error.

    Args:
        url: http or https, also defanged.
        to: the file to write.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        timeout_s: the longest that the browser may take.
        browser: the program; Chromium, Chrome or Edge where it is found by default.
        unprotected: switch off the browser's sandbox, without which it won't start as root; a
            hostile page is then held by nothing but the browser's own correctness.
        force: replace the file if it exists.
        session: whether the network may be used.

    Raises:
        UsageError: no such URL, size or file.
        HuntkitError: there is no browser; the message says which are looked for.
        Offline: the session may not use the network.
        RequestFailed: the browser made no picture; TimedOut: not in time.
    """
    used = session if session is not None else default_session()
    target, path = _checked_url(url), Path(to).expanduser()
    if not all(isinstance(n, int) and 0 < n <= _LARGEST for n in (width, height)):
        raise UsageError(f"{width!r} x {height!r} is no size of a picture")
    if path.exists() and not force:
        raise UsageError(f"{str(path)!r} exists", hint="force=True replaces it")
    used.network.check_online("the browser")
    program = _browser(browser)
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not unprotected:
        raise HuntkitError(
            "the browser does not start as root with its sandbox",
            hint="run as another user; or unprotected=True, on a machine that may be lost",
        )
    with tempfile.TemporaryDirectory(prefix="huntkit-page-", ignore_cleanup_errors=True) as folder:
        picture = Path(folder, "page.png")
        arguments = [
            str(program),
            *_ARGUMENTS,
            *(["--no-sandbox"] if unprotected else []),
            f"--user-data-dir={folder}/profile",
            f"--screenshot={picture}",
            f"--window-size={width},{height}",
            f"--timeout={int(timeout_s * 500)}",
            target,
        ]
        _run(arguments, folder, timeout_s)
        content = picture.read_bytes() if picture.is_file() else b""
    if not content.startswith(_PNG):
        raise RequestFailed(f"the browser made no picture of {target!r:.200}", service="browser")
    path.write_bytes(content)
    return path


def _checked_url(url: str) -> str:
    """The URL as the browser may have it: never a file, a script or an option of its own."""
    text = refang(url.strip())
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound or not text.isprintable() or " " in text:
        raise UsageError(f"{url!r:.200} is no http or https URL", hint="https://www.example.com/")
    return text


def _browser(given: str | Path | None) -> str:
    names = [str(given)] if given is not None else list(_BROWSERS)
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise HuntkitError(
            f"there is no browser to take a picture with: {', '.join(names)}",
            hint="install Chromium, or name yours: browser='/path/to/chrome'",
        )
    return found


def _run(arguments: list[str], folder: str, timeout_s: float) -> None:
    kept = ("PATH", "LANG", "DISPLAY", "SSL_CERT_FILE", "SYSTEMROOT", "HTTPS_PROXY", "HTTP_PROXY")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}
    try:
        running = subprocess.Popen(  # noqa: S603  a list; the URL begins with http: no option
            arguments, cwd=folder, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as problem:
        raise HuntkitError(f"{arguments[0]!r} does not start: {problem.strerror}") from problem
    try:
        running.wait(timeout_s)
    except subprocess.TimeoutExpired:
        raise TimedOut(f"the browser took longer than {timeout_s:g} s", service="browser") from None
    finally:
        _end(running)


def _end(running: "subprocess.Popen[bytes]") -> None:
    """End the browser with all of its processes, which are a group of their own."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
    elif running.poll() is None:
        running.kill()
    running.wait()
