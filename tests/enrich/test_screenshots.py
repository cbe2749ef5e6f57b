"""A picture of a page on loopback by a real browser; and what never reaches the browser."""

import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huntkit.core.errors import HuntkitError, Offline, RequestFailed, TimedOut, UsageError
from huntkit.enrich import screenshot
from huntkit.runtime import Session, Settings
from servers import Answer


@pytest.mark.browser
def test_a_page_becomes_a_picture(
    http_server: Callable[..., Any], session: Session, tmp_path: Path
) -> None:
    page = "<body style='margin:0;background:#c00'><h1>Hello</h1>"
    server = http_server(Answer(body=page, headers={"Content-Type": "text/html"}))
    picture = screenshot(
        server.url, tmp_path / "page.png", width=640, height=480, unprotected=True, session=session
    )
    content = picture.read_bytes()
    assert struct.unpack(">II", content[16:24]) == (640, 480)
    assert server.asked[0].path == "/"
    assert "cookie" not in server.asked[0].headers
    assert [path.name for path in tmp_path.iterdir() if path.suffix] == ["page.png"]


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "javascript:alert(1)", "--headless", "chrome://version", "", "http://",
     "http://a.example/ --flag", "data:text/html,x", "www.example.com"],
)  # fmt: skip
def test_only_pages_are_opened(url: str, session: Session, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no http or https URL"):
        screenshot(url, tmp_path / "x.png", session=session)


def test_what_is_wrong_is_said_before_anything_starts(session: Session, tmp_path: Path) -> None:
    with pytest.raises(HuntkitError, match="there is no browser"):
        screenshot("http://a.example", tmp_path / "x.png", browser="nowhere", session=session)
    with pytest.raises(UsageError, match="no size"):
        screenshot("http://a.example", tmp_path / "x.png", width=0, session=session)
    (tmp_path / "there.png").write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists"):
        screenshot("http://a.example", tmp_path / "there.png", session=session)
    offline = Session(Settings(cache_dir=tmp_path, offline=True))
    with offline, pytest.raises(Offline):
        screenshot("http://a.example", tmp_path / "x.png", session=offline)


def fake_browser(folder: Path, script: str) -> Path:
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_browser_that_gives_nothing_or_hangs_is_an_error(
    session: Session, tmp_path: Path
) -> None:
    def ask(script: str, timeout_s: float = 20) -> None:
        screenshot(
            "http://a.example", tmp_path / "x.png", browser=fake_browser(tmp_path, script),
            unprotected=True, timeout_s=timeout_s, session=session,
        )  # fmt: skip

    with pytest.raises(RequestFailed, match="no picture"):
        ask("exit 0")
    with pytest.raises(TimedOut):
        ask("sleep 30", timeout_s=0.2)
    assert not (tmp_path / "x.png").exists()


def page(body: str) -> Answer:
    return Answer(body=body, headers={"Content-Type": "text/html"})


DOWNLOAD = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
HOSTILE = {
    "redirect to a file": Answer(status=302, headers={"Location": "file:///etc/passwd"}),
    "circle": Answer(status=302, headers={"Location": "/"}),
    "password": Answer(status=401, headers={"WWW-Authenticate": "Basic realm=x"}),
    "download": Answer(body=b"MZ", headers=DOWNLOAD),
    "dialogs": page("<h1>x</h1><script>for (;;) { alert(1); confirm(2); prompt(3) }</script>"),
    "busy": page("<h1>x</h1><script>while (1) {}</script>"),
}
ENDLESS = ("download", "dialogs", "busy")


@pytest.mark.browser
@pytest.mark.long
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_page_gives_no_picture_and_leaves_nothing(
    name: str, http_server: Callable[..., Any], session: Session, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server = http_server(HOSTILE[name])
    most_s = 20 if name in ENDLESS else 90  # a browser may take long to start
    with pytest.raises((RequestFailed, TimedOut)):
        screenshot(
            server.url, tmp_path / "x.png", timeout_s=most_s, unprotected=True, session=session
        )
    assert server.asked
    assert not (tmp_path / "x.png").exists()
    assert not list(tmp_path.glob("huntkit-page-*"))
    commands = [each.read_bytes() for each in Path("/proc").glob("[0-9]*/cmdline")]
    assert not [each for each in commands if str(tmp_path).encode() in each]


@pytest.mark.browser
@pytest.mark.long
def test_a_page_that_never_ends_is_pictured_in_time(
    http_server: Callable[..., Any], session: Session, tmp_path: Path
) -> None:
    endless = Answer(
        pieces=(b"<h1>more</h1>" for _ in range(10_000)), pause_s=0.05,
        headers={"Content-Type": "text/html"},
    )  # fmt: skip
    server = http_server(endless)
    picture = screenshot(
        server.url, tmp_path / "x.png", timeout_s=30, unprotected=True, session=session
    )
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.browser
@pytest.mark.long
def test_a_page_shows_nothing_of_this_machines_files(
    http_server: Callable[..., Any], session: Session, tmp_path: Path
) -> None:
    """The picture is the same whether the file is there or not."""
    secret = tmp_path / "secret.html"
    frame = f"<iframe src='{secret.as_uri()}' width=600 height=300></iframe>"
    server = http_server(page(f"{frame}<script>location = '{secret.as_uri()}'</script>"))
    pictures = []
    for name in ("without", "with"):
        if name == "with":
            secret.write_text("<body style='background:#c00'>secret")
        path = screenshot(
            server.url, tmp_path / f"{name}.png", width=640, height=400, unprotected=True,
            session=session,
        )  # fmt: skip
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]
