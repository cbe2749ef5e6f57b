"""Does a driver keep the promises of its contract?"""

import typing
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from typing import Any

import pyarrow as pa

from huntkit.core.errors import Cancelled, HuntkitError, UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from huntkit.sources.declared import declared
from huntkit.sources.driver import Answer, Cancel, Driver, Limits, Request
from huntkit.sources.queries.environments import LANGUAGES
from huntkit.sources.waiting import now_of

_SECRET_WORDS = ("password", "secret", "token", "api_key", "apikey", "passphrase")


def check_driver(
    driver: type[Driver],
    *,
    settings: Mapping[str, object],
    query: str,
    empty: str,
    refused: str,
    session: Session | None = None,
) -> None:
    r"""Check a driver against a source that is there: a real one, or a stand-in.

    Args:
        driver: the class.
        settings: what it needs to connect, as users write it; secrets as references.
        query: a query that gives rows, the same ones each time.
        empty: one that gives no rows.
        refused: one that the source refuses.
        session: settings, progress; a new one by default.

    Raises:
        AssertionError: what is not as promised.

    Examples:
        >>> import pathlib, tempfile
        >>> from huntkit.sources.drivers.local import Local
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "a.csv").write_text("Computer,EventID\npc1.example,1\n")
        >>> check_driver(Local, settings={"data": str(folder)}, query="print x = 1",
        ...              empty="print x = 1 | where x == 2", refused="NoSuchTable | take 1")
    """
    _declares(driver)
    session = session or Session()
    environment = next(iter(driver.environments))
    chosen = declared(driver.settings, settings, what=environment)
    made = driver(environment, chosen, session)
    _shows_no_secret(made, chosen)
    now_of(made.connect())
    try:
        _shows_no_secret(made, chosen)
        _answers(made, query, empty)
        _refuses(made, refused)
        _stops(made, query)
        _bears_threads(made, query)
        _tells_its_schema(made)
        _shows_no_secret(made, chosen)
    finally:
        now_of(made.close())
        now_of(made.close())


def _declares(driver: type[Driver]) -> None:
    """The declaration is complete and of the right kinds."""
    names = driver.environments
    _must(bool(names), "environments names none")
    _must(all(n.isidentifier() for n in names), f"environments {list(names)} are not plain names")
    _must(driver.language in LANGUAGES, f"language {driver.language!r} is none of {LANGUAGES}")
    _must(isinstance(driver.limits, Limits), "limits is no Limits")
    _must(driver.limits.max_parallel >= 1, "max_parallel is below 1")
    _must(0 < driver.limits.timeout_s <= driver.limits.max_timeout_s, "timeout_s is out of bounds")
    _must(bool((driver.__doc__ or "").strip()), "it has no docstring")
    for what in ("settings", "options"):
        kind: Any = getattr(driver, what)
        _must(is_dataclass(kind), f"{what} is no dataclass")
        _must(kind.__dataclass_params__.frozen, f"{what} is not frozen")
    hints = typing.get_type_hints(driver.settings)
    for each in fields(driver.settings):
        if any(word in each.name.casefold() for word in _SECRET_WORDS):
            kinds = (hints[each.name], *typing.get_args(hints[each.name]))
            _must(Secret in kinds, f"the setting {each.name} looks like a secret and is no Secret")
    try:
        declared(driver.settings, {"no_such_setting": 1}, what="it")
    except UsageError:
        return
    raise AssertionError("an unknown setting was taken")


def _answers(driver: Driver, query: str, empty: str) -> None:
    """Rows come as declared types, twice the same; no rows come with the same care."""
    first, second = _run(driver, query), _run(driver, query)
    _must(first.table.num_rows > 0, "the query gave no rows")
    _must(first.table.equals(second.table), "the same query gave other rows the second time")
    nothing = _run(driver, empty)
    _must(nothing.table.num_rows == 0, "the query for nothing gave rows")


def _run(driver: Driver, text: str, cancel: Cancel | None = None) -> Answer:
    request = Request(
        text=text,
        options=driver.options(),
        timeout_s=driver.limits.timeout_s,
        cancel=cancel or Cancel(),
    )
    answer = now_of(driver.run(request))
    _must(isinstance(answer, Answer), "run gave no Answer")
    _must(isinstance(answer.table, pa.Table), "the rows are no Arrow table")
    names = answer.table.column_names
    _must(len(names) == len(set(names)), f"columns share a name: {names}")
    for each in answer.table.schema:
        if pa.types.is_timestamp(each.type):
            _must(
                each.type == pa.timestamp("us", "UTC"), f"{each.name} is {each.type}, not us, UTC"
            )
    for gap in answer.gaps:
        _must(bool(gap.reason.strip()), "a gap has no reason")
    return answer


def _refuses(driver: Driver, refused: str) -> None:
    """A refusal is an error that says why, and the driver goes on working."""
    try:
        _run(driver, refused)
    except HuntkitError as problem:
        _must(len(problem.message) > 10, "a refusal does not say what is wrong")
        return
    raise AssertionError("the query that should be refused was not")


def _stops(driver: Driver, query: str) -> None:
    """What was cancelled beforehand is not asked."""
    cancel = Cancel()
    cancel.ask()
    try:
        _run(driver, query, cancel)
    except Cancelled:
        return
    raise AssertionError("a cancelled query ran")


def _bears_threads(driver: Driver, query: str) -> None:
    """As many at once as it says, and none mixes up another's rows."""
    wanted = _run(driver, query).table
    with ThreadPoolExecutor(driver.limits.max_parallel) as pool:
        answers = pool.map(lambda _: _run(driver, query), range(3 * driver.limits.max_parallel))
        _must(all(each.table.equals(wanted) for each in answers), "queries at once gave other rows")


def _tells_its_schema(driver: Driver) -> None:
    schema = now_of(driver.schema())
    for table, columns in schema.items():
        _must(isinstance(table, str), "a table's name is no text")
        _must(
            all(isinstance(v, str) for pair in columns.items() for v in pair), f"{table}'s schema"
        )


def _shows_no_secret(driver: Driver, chosen: Any) -> None:
    """No secret stands in what the driver shows of itself."""
    secrets = [
        value.reveal()
        for each in fields(chosen)
        if isinstance(value := getattr(chosen, each.name), Secret)
    ]
    shown = f"{driver!r} {driver!s} {driver.identity} {chosen!r}"
    _must(not any(each in shown for each in secrets), "a secret is shown")


def _must(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)
