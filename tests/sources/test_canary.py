"""One secret in every credential that any driver takes, and everything that can be seen afterwards.

Every field of every driver's settings that holds a secret gets the canary, one after another: it
is used to connect, to ask, and to fail in several ways, against a service that repeats whatever it
was told. Then nothing that was logged, shown, raised, kept or noted holds it, in any spelling.
"""

import base64
import gc
import io
import json
import logging
import socket
import time
import traceback
import typing
import warnings
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

import anyio.lowlevel
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from huntkit.core.errors import HuntkitError
from huntkit.runtime.clock import Clock
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.sources.catalog import places
from huntkit.sources.provider import QueryProvider
from servers import Answer, Asked

pytestmark = pytest.mark.long

CANARY = "cAnAry-k3y.w1th+spec/chars=0123456789"
KEY = "s3ss10n-k3y-0f-spl1nk-0123456789"  # what Splunk gives for a password is as good as one
START, END = "2024-05-01", "2024-05-02"
ROW = {"TimeGenerated": "2024-05-01T10:00:00Z", "Computer": "ws01"}
SPAN = "declare query_parameters(start: datetime, end: datetime); "
DEVICES = SPAN + "DeviceInfo | where Timestamp between (start .. end)"
NO_SPAN = {
    "ResourceGraph",
    "OData",
    "MSGraph",
    "OpenSearch",
}  # they take no time range beside the text
FAULTS = ("400", "401", "403", "500", "garbage", "hang up")

# What beside the canary each environment needs, and a query in its language. ``{port}`` is the
# service's; where one field needs others, they stand under its name.
NEEDS: dict[str, dict[str, Any]] = {
    "MSSentinel": {"settings": {"workspace_id": "w", "endpoint": "{url}"}, "query": "Heartbeat"},
    "Kusto": {"settings": {"cluster": "{url}", "database": "d"},
              "query": SPAN + "Heartbeat | where TimeGenerated between (start .. end)"},
    "M365D": {"settings": {"endpoint": "{url}"}, "query": DEVICES},
    "MDE": {"settings": {"endpoint": "{url}"}, "query": DEVICES},
    "ResourceGraph": {"settings": {"endpoint": "{url}"}, "query": "Resources"},
    "OData": {"settings": {"root": "{url}/v1.0/security"}, "query": "alerts_v2"},
    "MSGraph": {"settings": {"root": "{url}/v1.0/security"}, "query": "alerts_v2"},
    "Elastic": {"settings": {"url": "{url}"}, "query": "FROM logs"},
    "OpenSearch": {"settings": {"url": "{url}"}, "query": "source=logs"},
    "Splunk": {"settings": {"host": "127.0.0.1", "port": "{port}", "scheme": "http"},
               "query": "index=main"},
    "ClickHouse": {"settings": {"host": "127.0.0.1", "port": "{port}"}, "query": "SELECT 1"},
    "SQL": {"settings": {"connection_str": "postgresql://127.0.0.1:9/logs"},
            "query": "SELECT 1"},
}  # fmt: skip
BESIDE: dict[str, dict[str, Any]] = {
    "password": {"user": "ann"},
    "client_secret": {"tenant_id": "t.example", "client_id": "c"},
    "certificate_password": {
        "tenant_id": "t.example", "client_id": "c", "certificate": "{folder}/app.pfx",
    },
}  # fmt: skip
# Fields whose sign-in is elsewhere: no stand-in can take these, so that they only ever fail.
WAYS = ("held", "reference", "literal")  # how a secret is given; by turns
ELSEWHERE = {"client_secret", "certificate_password"}
TAKES_PLAIN_TEXT = {"ClickHouse"}  # its own library does, so that frames have it as a variable
NOT_SPOKEN = {"ClickHouse", "SQL"}  # the stand-in speaks HTTP and JSON, and no protocol of these


def credentials() -> list[tuple[str, str]]:
    """Every environment with every field of its settings that holds a secret."""
    found = []
    for name, place in places().items():
        hints = typing.get_type_hints(place.driver.settings)
        for each in fields(place.driver.settings):
            hint = hints[each.name]
            if Secret in (hint, *typing.get_args(hint)):
                found.append((name, each.name))
        if "credential" in hints:
            found.append((name, "credential"))
    return found


def spellings(secret: str) -> set[str]:
    return {
        secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"ann:{secret}".encode()).decode(),
        base64.b64encode(f"default:{secret}".encode()).decode(),
    }  # fmt: skip


FORBIDDEN = spellings(CANARY) | spellings(KEY)


def leaks(text: str) -> list[str]:
    return [each for each in FORBIDDEN if each in text]


def clear(asked: Asked) -> str:
    """The user and password that a request told in base64."""
    kind, _, told = asked.headers.get("authorization", "").partition(" ")
    return base64.b64decode(told).decode() if kind == "Basic" else ""


class Service:
    """All services at once, which repeat what they were told where they fail."""

    def __init__(self) -> None:
        self.fault = ""
        self.told: list[str] = []

    def __call__(self, asked: Asked) -> Answer:
        told = asked.target + json.dumps(asked.headers) + asked.body.decode("utf-8", "replace")
        self.told.append(told)
        echo = {
            "X-Echo": asked.headers.get("authorization", ""),
            "X-Elastic-Product": "Elasticsearch",
        }
        if self.fault == "hang up":
            return Answer(hang_up=True)
        if self.fault == "garbage":
            return Answer(headers=echo, body=f"<p>{told} {clear(asked)}")
        if self.fault:
            said = f"{told} {clear(asked)}"
            error = {"code": "x", "message": said, "reason": said, "type": said}
            messages = [{"type": "FATAL", "text": said}]
            return Answer(
                int(self.fault), headers=echo, json={"error": error, "messages": messages}
            )
        return Answer(headers=echo, json=self.good(asked))

    def good(self, asked: Asked) -> Any:
        """Rows in each service's form."""
        path = asked.path
        names, values = list(ROW), list(ROW.values())
        columns = [{"name": each, "type": "string"} for each in names]
        if path == "/":
            return {"version": {"number": "9.2.0", "distribution": "opensearch"}}
        if path == "/_query":
            return {"took": 1, "columns": [{**each, "type": "keyword"} for each in columns],
                    "values": [values]}  # fmt: skip
        if path == "/_plugins/_ppl":
            return {"schema": columns, "datarows": [values], "total": 1, "size": 1}
        if path.startswith("/v1/workspaces/"):
            return {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": [values]}]}
        if path == "/v2/rest/query":
            kusto = [{"ColumnName": each, "ColumnType": "string"} for each in names]
            return [{"FrameType": "DataTable", "TableKind": "PrimaryResult", "Columns": kusto,
                     "Rows": [values]}]  # fmt: skip
        if path.endswith("/runHuntingQuery"):
            return {"schema": columns, "results": [ROW]}
        if path.endswith("/resources"):
            return {"totalRecords": 1, "count": 1, "data": [ROW], "resultTruncated": "false"}
        if path.startswith("/v1.0/security"):
            return {"value": [ROW]}
        return self.splunk(asked)

    def splunk(self, asked: Asked) -> Any:
        parts = asked.path.strip("/").split("/")
        if parts[-1] == "login":
            good = dict(parse_qsl(asked.body.decode())).get("password") == CANARY
            return {"sessionKey": KEY} if good else {}
        if parts[-1] == "jobs":
            return {"sid": "1"}
        if parts[-1] == "results":
            return {"fields": [{"name": each} for each in ROW], "results": [ROW]}
        told = {"isDone": True, "dispatchState": "DONE", "resultCount": 1}
        return {"entry": [{"name": "x", "content": told}]}


class Quick(Clock):
    """Waits take no time, and the clock says that they did."""

    waited = 0.0

    def ticks(self) -> float:
        return super().ticks() + self.waited

    async def sleep(self, seconds: float) -> None:
        self.waited += seconds
        await anyio.lowlevel.checkpoint()


def nowhere(resolve: Any) -> Any:
    """Names are not looked up; this machine is known."""

    def resolved(host: Any, *how: Any, **more: Any) -> Any:
        if str(host) not in ("127.0.0.1", "localhost"):
            raise socket.gaierror(-2, "no name is looked up in this test")
        return resolve(host, *how, **more)

    return resolved


@pytest.fixture
def seen() -> Iterator[io.StringIO]:
    """Everything that any logger says at its most talkative."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield text
    root.removeHandler(handler)
    root.setLevel(before)


def frames_of(error: BaseException, *, variables: bool = True) -> str:
    """A traceback of the chain as Python shows it, with all variables, this test's own left out."""
    shown = []
    each: BaseException | None = error
    while each is not None:
        told = traceback.TracebackException.from_exception(each, capture_locals=variables)
        told.stack[:] = [frame for frame in told.stack if frame.filename != __file__]
        shown += told.format(chain=False)
        shown += [repr(each), str(each), repr(each.__dict__), repr(each.args)]
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return "\n".join(shown)


class Run:
    """One provider with the canary in one field; `shown` is what can be seen of it."""

    def __init__(self, place: str, session: Session, settings: dict[str, Any]) -> None:
        self.place = place
        self.query = NEEDS[place]["query"]
        self.provider = QueryProvider(place, session=session)
        self.settings = settings
        self.shown: list[str] = []

    def connect(self) -> HuntkitError | None:
        return self._did(lambda: self.provider.connect(**self.settings))

    def ask(self) -> HuntkitError | None:
        def asked() -> None:
            span = {} if self.place in NO_SPAN else {"start": START, "end": END}
            rows = self.provider.exec_query(self.query, refresh=True, **span)
            self.shown += [repr(rows), repr(rows.attrs), rows.to_json()]

        return self._did(asked)

    def look(self) -> str:
        provider = self.provider
        connections = provider._connections.known()
        self.shown += [
            repr(provider), str(provider), repr(provider.last), str(provider.last),
            repr(provider.list_connections()), provider.connection_string, repr(provider.instance),
            str(provider.driver_help()), repr(vars(provider)), repr(list(provider.session.history)),
            repr(provider.session), *(c.driver.identity for c in connections),
            *(f"{c!r} {c.driver!r} {vars(c.driver)!r}" for c in connections),
        ]  # fmt: skip
        return "\n".join(self.shown)

    def _did(self, act: Any) -> HuntkitError | None:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                act()
            except HuntkitError as error:
                # A secret that the caller wrote out is a variable of the caller's, too.
                plain = CANARY in self.settings.values() or self.place in TAKES_PLAIN_TEXT
                self.shown.append(frames_of(error, variables=not plain))
                return error
            finally:
                self.shown += [str(each.message) for each in told]
        return None


def filled(value: Any, **words: Any) -> Any:
    if value == "{port}":
        return words["port"]
    return value.format(**words) if isinstance(value, str) else value


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def given(http_server: Any, service: Service, tmp_path: Path, monkeypatch: Any) -> Any:
    """The settings of a place, with the canary in one field."""
    server = http_server(service)
    monkeypatch.setenv("THE_CANARY", CANARY)
    monkeypatch.setattr(time, "sleep", lambda _: None)  # azure-identity waits before it gives up
    monkeypatch.setattr(socket, "getaddrinfo", nowhere(socket.getaddrinfo))
    (tmp_path / "app.pfx").write_bytes(b"no certificate")

    def settings(place: str, name: str, how: str) -> dict[str, Any]:
        words = {"url": server.url, "port": server.port, "folder": tmp_path}
        chosen = {**NEEDS[place]["settings"], **BESIDE.get(name, {})}
        made = {key: filled(value, **words) for key, value in chosen.items()}
        if name == "credential":
            token = SimpleNamespace(token=CANARY, expires_on=2**40)
            return {**made, name: SimpleNamespace(get_token=lambda *_scopes, **_more: token)}
        ways = {"held": Secret.held(CANARY), "reference": "env:THE_CANARY", "literal": CANARY}
        return {**made, name: ways[how]}

    return settings


def test_every_driver_with_secrets_is_tried() -> None:
    assert {place for place, _ in credentials()} == set(NEEDS)
    assert len(credentials()) >= 30


@pytest.mark.parametrize(
    ("place", "name", "how"),
    [pytest.param(*each, WAYS[n % 3]) for n, each in enumerate(credentials())],
    ids=lambda each: each,
)
def test_the_canary_is_never_seen(
    place: str, name: str, how: str, given: Any, service: Service, seen: io.StringIO, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    with Session(Settings(cache_dir=cache)) as session:
        session.network.clock = Quick()
        run = Run(place, session, given(place, name, how))
        problem = run.connect()
        if name not in ELSEWHERE and place not in NOT_SPOKEN:
            assert problem is None, problem
            assert run.ask() is None
            assert leaks("".join(service.told)), "the canary was never sent"
            for fault in FAULTS:
                service.fault = fault
                assert run.ask() is not None, f"{fault} did not fail"
        shown = run.look()
        for fault in FAULTS:
            service.fault = fault
            again = Run(place, session, given(place, name, how))
            assert again.connect() is not None, f"{fault} did not fail"
            shown += again.look()
    gc.collect()
    assert leaks(shown) == []
    assert leaks(seen.getvalue()) == []
    kept = [each for each in cache.rglob("*") if each.is_file()]
    assert kept or place != "MSSentinel" or name in ELSEWHERE
    for each in kept:
        assert leaks(each.read_bytes().decode("latin-1")) == [], each


CELLS = (
    "provider", "provider.session", "provider.last", "vars(provider)", "provider.instance",
    "rows = provider.exec_query(query, refresh=True, **span); rows", "rows.attrs", "provider.last",
    "fail(); provider.exec_query(query, refresh=True, **span)", "provider.connect(**settings)",
    "%xmode Verbose", "provider.connect(**settings)",
)  # fmt: skip


@pytest.mark.parametrize(
    ("place", "name"),
    [each for each in credentials() if each[0] not in NOT_SPOKEN and each[1] not in ELSEWHERE],
    ids=lambda each: each,
)
def test_a_saved_notebook_does_not_hold_it(
    place: str, name: str, given: Any, service: Service, tmp_path: Path
) -> None:
    """What each cell shows, in every form that a front end keeps, and how errors are printed."""
    shell = InteractiveShell()
    with Session(Settings(cache_dir=tmp_path / "cache")) as session:
        session.network.clock = Quick()
        run = Run(place, session, given(place, name, "reference"))
        assert run.connect() is None
        shell.user_ns.update(
            provider=run.provider, query=run.query, settings=run.settings,
            span={} if place in NO_SPAN else {"start": START, "end": END},
            fail=lambda: setattr(service, "fault", "403"),
        )  # fmt: skip
        outputs = []
        for cell in CELLS:
            with capture_output() as said, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                done = shell.run_cell(cell)
            forms = shell.display_formatter.format(done.result)[0]
            shown = [each.data for each in said.outputs]
            text = [said.stdout, said.stderr]
            kept = {"source": cell, "data": forms, "shown": shown, "text": text}
            outputs.append({**kept, "failed": not done.success})
    saved = tmp_path / "case.ipynb"
    saved.write_text(json.dumps({"cells": outputs}, default=repr), "utf-8")
    assert [each["source"] for each in outputs if each["failed"]] == [*CELLS[8:10], CELLS[11]]
    assert leaks("".join(service.told)), "the canary was never sent"
    assert leaks(saved.read_text("utf-8")) == []


def test_the_test_sees_what_it_looks_for(seen: io.StringIO) -> None:
    logging.getLogger("anything").debug("key %s", quote(CANARY, safe=""))
    assert leaks(seen.getvalue())
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads(CANARY)
    assert leaks(frames_of(caught.value))
