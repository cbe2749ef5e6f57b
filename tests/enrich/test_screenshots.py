"""A picture of a page on loopback by a real browser; and what never reaches the browser."""

import struct
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
