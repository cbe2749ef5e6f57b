"""Every provider, from its service's socket to what an analyst sees: hostile replies, and keys."""

import base64
import csv
import io
import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

import huntkit
from huntkit.cli import output
from huntkit.cli.app import app
from huntkit.core.errors import HuntkitError
from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.azsti import AzSTI, AzSTISettings
from huntkit.enrich.ti.providers.localfeeds import LocalFeeds, LocalFeedsSettings
from huntkit.report import report

pytestmark = [
    pytest.mark.filterwarnings("ignore:not everything was answered"),
    pytest.mark.filterwarnings("ignore:.*stands in the open"),
]

ATTACKS = [
    "<script>window.hostile=1</script>",
    "<img src=http://203.0.113.9/x onerror='window.hostile=1'>",
    "javascript:window.hostile=1",
    "</style></pre></script><svg onload=window.hostile=1>",
    "\x1b]8;;http://203.0.113.9/\x07click\x1b]8;;\x07\x1b[2J\x9b31m",
    "\u202egnp.exe\u2066\u200b",
    "=cmd|' /C calc'!A0",
    "{{ 7*7 }}{% for x in y %}${window.hostile=1}`",
    "\x00'\" onmouseover=window.hostile=1 \x00",
    "[x](javascript:window.hostile=1)\u2028| x",
    "https://203.0.113.9/<b>" + "long" * 1_500,
]
KEY = "canary-key-0123456789abcdef"
BASIC = base64.b64encode(f"{KEY}-id:{KEY}".encode()).decode()
SPELLINGS = [KEY, BASIC, base64.b64encode(KEY.encode()).decode(),
             base64.b64encode(f"analyst:{KEY}".encode()).decode()]  # fmt: skip
STATUSES = {"ok", "not found", "failed"}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def from_files(folder: Path, session: Any) -> list[Any]:
    """The two that have no service of their own: Sentinel's table and a feed, hostile as well."""
    folder.mkdir()
    rows = [
        {
            "Type": "ThreatIntelIndicators", "TimeGenerated": "2026-11-01T00:00:00Z",
            "Id": f"indicator--{n}", "ObservableKey": "ipv4-addr:value",
            "ObservableValue": f"9.9.9.{n}", "Pattern": f"[ipv4-addr:value = '9.9.9.{n}']",
            "Confidence": 80, "IsActive": True, "IsDeleted": False, "Revoked": False,
            "ValidUntil": "2027-01-01T00:00:00Z", "SourceSystem": text, "Tags": text,
            "Data": json.dumps({"name": text, "labels": [text]}),
        }
        for n, text in enumerate(ATTACKS)
    ]  # fmt: skip
    path = folder / "ThreatIntelIndicators.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    runner = huntkit.QueryProvider("Local", data=str(path))
    runner.connect()
    sentinel = AzSTI(AzSTISettings(), session)
    sentinel.use(runner)
    feed = folder / "feed.csv"
    with feed.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["indicator", "severity", "description", "source"])
        writer.writerows([f"9.9.9.{n}", "high", text[:5000].replace("\0", " "), text[:50].replace(
            "\0", " ")] for n, text in enumerate(ATTACKS))  # fmt: skip
    return [sentinel, LocalFeeds(LocalFeedsSettings(files=(feed,)), session)]


def hostile_rows(everyone: Any, session: Any, folder: Path) -> pl.DataFrame:
    """Rows of all providers: each text of each reply has been each of the attacks once."""
    found = []
    for turn in range(len(ATTACKS)):
        everyone.text = lambda n, _, turn=turn: ATTACKS[(n + turn) % len(ATTACKS)]
        for name, provider in everyone.providers(session).items():
            lookup = TILookup(primary_providers=[provider], session=session)
            known = everyone.known[name]
            for subtype in sorted({each for kind in known.values() for each in
                                   provider.subtypes(kind)}):  # fmt: skip
                asked = {v: k for v, k in known.items() if subtype in provider.subtypes(k)}
                found.append(lookup.lookup_iocs(asked, ioc_query_type=subtype, refresh=True))
    lookup = TILookup(primary_providers=from_files(folder, session), session=session)
    values = [f"9.9.9.{n}" for n in range(len(ATTACKS))]
    found.append(lookup.lookup_iocs(values, start="2026-10-01", end="2026-11-22"))
    return pl.concat(found)


@pytest.mark.long
def test_hostile_replies_of_every_provider_give_sane_rows(everyone, session, tmp_path):
    rows = hostile_rows(everyone, session, tmp_path / "files")
    names = {*everyone.known, "AzSTI", "LocalFeeds"}
    assert set(rows["Provider"]) == names
    assert set(rows["Status"]) <= STATUSES
    answers = rows.filter(pl.col("Status") == "ok")
    others = rows.filter(pl.col("Status") != "ok")
    assert answers["Result"].all()
    assert not others["Result"].any()
    assert set(others["Severity"]) <= {"unknown"}
    assert set(rows["Severity"]) <= {"unknown", "information", "warning", "high"}
    came = {name: set() for name in names}
    for row in answers.to_dicts():
        told = [json.loads(row[each] or "null") for each in ("Details", "RawResult")]
        came[row["Provider"]] |= set(ATTACKS) & set(texts(told))
        link = row["Reference"]
        assert not link or link.startswith(("https://", everyone.url)), link
        assert not set("<>\"' \x00\x1b\u202e") & set(link), link
    few = {name: len(each) for name, each in came.items() if len(each) < len(ATTACKS)}
    assert set(few) <= {"LocalFeeds"}, few  # a file of text holds no zeros and no such long cells


@pytest.mark.browser
def test_nothing_in_any_providers_reply_runs_where_it_is_shown(
    everyone, session, browser, tmp_path
):
    rows = hostile_rows(everyone, session, tmp_path / "files")
    # Each row as an indicator of its own, or the page would show them as a few.
    rows = rows.with_columns(SafeIoc=pl.format("{}#{}", "SafeIoc", pl.int_range(pl.len())))
    page_of_results = TILookup.browse_results(rows)
    frame = TILookup.result_to_df(rows).to_pandas()
    (tmp_path / "rows.ndjson").write_bytes(rows.head(200).write_ndjson().encode())
    with huntkit.open(tmp_path / "rows.ndjson", cache=False) as evidence:
        reported = report(evidence).to_html()
    own = "<!DOCTYPE html><meta charset=utf-8><body>"
    (tmp_path / "bare.html").write_text(own + ATTACKS[3])
    assert look_at(browser, tmp_path / "bare.html")["hostile"], "the test would see nothing"
    shown = {
        "page": page_of_results.to_html(),
        "notebook": own + page_of_results._repr_mimebundle_()["text/html"],
        "pandas": own + frame._repr_html_(),
        "polars": own + rows.head(50)._repr_html_(),
        "report": reported,
    }
    for name, text in shown.items():
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        seen = look_at(browser, path)
        assert seen["hostile"] == [], name
        assert seen["requests"] == [path.as_uri()], name
        assert [link for link in seen["links"] if "javascript" in link.lower()[:12]] == [], name
        assert seen["said"] == [], name
        if name == "page":
            assert seen["bodies"] == rows.height
            assert seen["sections"] == rows.height
            assert {*rows["Provider"]} <= {*seen["heads"]}


def look_at(browser: Any, path: Path) -> dict[str, Any]:
    """What a page did when it was shown, every fold of it opened."""
    page = browser.new_page()
    requests: list[str] = []
    said: list[str] = []
    page.on("request", lambda asked: requests.append(asked.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    page.wait_for_timeout(300)
    seen: dict[str, Any] = {"hostile": [], "links": [], "bodies": 0, "sections": 0, "heads": []}
    for frame in page.frames:
        frame.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        seen["hostile"] += [frame.url] if frame.evaluate("'hostile' in window") else []
        seen["links"] += frame.evaluate(
            "[...document.querySelectorAll('[href],[src],[action]')].map(each =>"
            " each.getAttribute('href') || each.getAttribute('src') || '')"
        )
        seen["bodies"] += frame.evaluate("document.querySelectorAll('tbody[data-rank]').length")
        seen["sections"] += frame.evaluate("document.querySelectorAll('section').length")
        seen["heads"] += frame.evaluate(
            "[...document.querySelectorAll('thead th')].map(each => each.textContent)"
        )
    page.close()
    own = ("about:", "data:", "blob:")
    return {**seen, "requests": [u for u in requests if not u.startswith(own)], "said": said}


@pytest.fixture
def configured(everyone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A settings file that leads every provider to the stand-ins; the key comes by name."""
    entries = {}
    for name in everyone.known:
        plain = {
            "".join(part.title() for part in key.split("_")): f"env:{key.upper()}"
            if "Secret" in type(value).__name__
            else list(value)
            if isinstance(value, tuple)
            else value
            for key, value in everyone.settings(name).items()
        }
        entries[name] = {"Args": plain, "Enabled": True}
        for key, value in everyone.settings(name).items():
            if "Secret" in type(value).__name__:
                monkeypatch.setenv(key.upper(), value.reveal())
    path = tmp_path / "huntkit.yaml"
    path.write_text(yaml.safe_dump({"TIProviders": entries}))
    monkeypatch.setenv("HUNTKITCONFIG", str(path))
    monkeypatch.setenv("HUNTKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return everyone


@pytest.mark.long
def test_the_command_line_shows_hostile_replies_as_text(configured, tmp_path, monkeypatch):
    values = sorted({value for known in configured.known.values() for value in known})
    count = 0
    for turn in range(0, len(ATTACKS), 2):
        configured.text = lambda n, _, turn=turn: ATTACKS[(n + turn) % len(ATTACKS)]
        for ending in ("csv", "md", "ndjson", "terminal"):
            path = tmp_path / f"{turn}.{ending}"
            with monkeypatch.context() as patched:
                wanted = ["-o", str(path)] if ending != "terminal" else []
                patched.setattr(output, "to_terminal", lambda _, at=ending: at == "terminal")
                done = CliRunner().invoke(app, ["ti", *values, *wanted])
            assert done.exit_code in (0, 3), done.stderr
            text = done.stdout if ending == "terminal" else path.read_text(encoding="utf-8")
            said = f"{text}{done.stderr}"
            if ending != "csv":  # which is for spreadsheets, and keeps what was there
                assert not set("\x00\x1b\x07\x9b\u202e\u2066\u200b") & set(said), ending
            else:
                cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
                assert [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell[:1]] == []
                assert len(cells) > 14
            if ending == "md":
                assert "<script" not in text
                assert "<img" not in text
                assert "](javascript:" not in text
            count += 1
    assert count == 24
    lines = (tmp_path / "0.ndjson").read_text(encoding="utf-8").splitlines()
    names = {json.loads(line)["Provider"] for line in lines}
    assert names == set(configured.known)


def saved_notebook(path: Path, cells: dict[str, Any]) -> str:
    """What a notebook file holds after cells that showed these values, or raised these errors."""
    from IPython.core.formatters import DisplayFormatter
    from IPython.core.ultratb import FormattedTB

    shows, made = DisplayFormatter(), []
    for source, value in cells.items():
        if isinstance(value, BaseException):
            said: list[str] = []
            for mode in ("Context", "Verbose"):  # the second with the values of variables
                told = FormattedTB(mode=mode, theme_name="nocolor")
                said += told.structured_traceback(type(value), value, value.__traceback__)
            shown = {"output_type": "error", "ename": type(value).__name__, "evalue": str(value),
                     "traceback": said}  # fmt: skip
        else:
            data, metadata = shows.format(value)
            assert data, source
            shown = {"output_type": "display_data", "data": data, "metadata": metadata}
        made.append({"cell_type": "code", "source": source, "metadata": {}, "outputs": [shown],
                     "execution_count": 1})  # fmt: skip
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}
    path.write_text(json.dumps(book), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def kept_answers(folder: Path) -> str:
    """All that lies in the files of a cache, also what is packed in it."""
    raw = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    with closing(sqlite3.connect(folder / "answers.sqlite")) as opened:
        packed = [value for (value,) in opened.execute("SELECT value FROM answers")]
        services = opened.execute("SELECT kind FROM answers UNION SELECT service FROM quota")
        names = [name for (name,) in services]
    assert len(packed) > 20
    return raw.decode("latin-1") + str(names) + str([zlib.decompress(each) for each in packed])


def failure_of(provider: Any) -> BaseException | None:
    """What a request that is refused raises."""
    http = getattr(provider, "http", None)
    if http is None:
        return None
    try:
        http.get("/refused", params={"k": http.service.headers and "x"})
    except HuntkitError as problem:
        return problem
    raise AssertionError


@pytest.mark.long
def test_no_providers_key_is_shown_anywhere(everyone, session, tmp_path, caplog):
    caplog.set_level(0)
    providers = everyone.providers(session, keyed=True)
    lookup = TILookup(primary_providers=list(providers.values()), session=session)
    keyed = {n for n in providers if "Secret(" in str(everyone.settings(n, keyed=True))}
    values = {v: kind for known in everyone.known.values() for v, kind in known.items()}
    found = []
    everyone.text = lambda n, keys: f"you asked with {keys} ({n})"
    found.append(lookup.lookup_iocs(values))
    for everyone.echo in (200, 400, 401, 403, 429, 500):
        found.append(lookup.lookup_iocs(values, refresh=True))
    assert everyone.asked == keyed
    assert len(keyed) >= 19
    rows = pl.concat(found)
    assert "you asked with ****" in str(rows["RawResult"].to_list())
    failures = {f"{name}.http.get()": failure_of(each) for name, each in providers.items()}
    cells = {
        "lookup": lookup,
        "settings": {name: each.chosen for name, each in providers.items()},
        "providers": lookup.loaded_providers,
        "status": lookup.provider_status,
        "usage": lookup.provider_usage(),
        "all": lookup.list_available_providers(show_query_types=True),
        "clients": [getattr(each, "http", None) for each in providers.values()],
        "services": [getattr(each, "http", each).__dict__ for each in providers.values()],
        "session": [session, session.network, session.store, session.history],
        "found": rows,
        "pandas": rows.to_pandas(),
        "rows": rows.to_dicts(),
        "page": TILookup.browse_results(rows),
        **{name: each for name, each in failures.items() if each is not None},
    }
    session.close()
    told = {
        "notebook": saved_notebook(tmp_path / "case.ipynb", cells),
        "log": caplog.text + str([record.__dict__ for record in caplog.records]),
        "cache": kept_answers(tmp_path),
    }
    assert len([cell for cell in cells.values() if isinstance(cell, HuntkitError)]) > 20
    assert "receive_response_headers" in told["log"]
    leaks = {where: [w for w in SPELLINGS if w in text] for where, text in told.items()}
    assert leaks == {where: [] for where in told}
