"""Results of look-ups as one page: indicators by providers, with every answer folded below.

The page needs no script to be read, fetches nothing, and runs nothing that comes from answers.
"""

import base64
import hashlib
import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final

import jinja2
import orjson

from huntkit.core.errors import EvidenceError, UnknownColumn, UsageError, did_you_mean
from huntkit.core.text import visible
from huntkit.enrich.ti.provider import SEVERITIES
from huntkit.enrich.ti.service_words import https_link
from huntkit.entities.indicators import defang, refang
from huntkit.tables import as_kind, kind_of, to_polars

MOST_INDICATORS: Final = 5000
_MOST_RAW: Final = 20_000  # characters of one reply
_MOST_RAW_OF_ALL: Final = 20_000_000
_NEEDED: Final = ("Ioc", "Provider", "Severity", "Status")
# Below every answer: what is no answer at all, and what nobody knows.
_NOT_FOUND: Final = -1
_NO_ANSWER: Final = -2
KNOWN: Final = "known"  # in place of a severity: an answer that is no verdict
_PROBLEMS: Final = frozenset({"failed", "rate limited"})


@dataclass(frozen=True, slots=True)
class _Answer:
    provider: str
    subtype: str
    rank: int
    text: str
    style: str
    checked: str
    link: str
    link_text: str
    details: str
    raw: str


@dataclass(frozen=True, slots=True)
class _Cell:
    rank: int
    text: str
    style: str


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    shown: str
    ioc_type: str
    rank: int
    worst: str
    style: str
    cells: list[_Cell]
    answers: list[_Answer]


class ResultsPage:
    """A page of results; it shows itself in a notebook, in a frame that may do nothing else.

    Args:
        data: what `lookup_iocs` gave.
        title: the page's title.
        defanged: write indicators so that they can't be clicked.

    Attributes:
        what: what one of the values is called.
        judged: providers give verdicts; else they know a value, or do not.

    Examples:
        >>> import polars as pl
        >>> found = pl.DataFrame({"Ioc": ["http://evil.example/"], "Provider": ["OTX"],
        ...                       "Severity": ["high"], "Status": ["ok"]})
        >>> "hxxp://evil[.]example/" in ResultsPage(found).to_html()
        True
    """

    what: ClassVar[str] = "indicator"
    judged: ClassVar[bool] = True

    def __init__(
        self, data: Any, *, title: str = "What is known about indicators", defanged: bool = True
    ) -> None:
        self.title = title
        self._data = data
        self._records = _records(data)
        self._defanged = defanged
        self._places: dict[tuple[str, str], list[int]] = {}
        for place, record in enumerate(self._records):
            self._places.setdefault(_key(record), []).append(place)

    def rows(self, numbers: Iterable[int]) -> Any:
        """The results about some indicators, in the kind of frame that was given.

        Args:
            numbers: which indicators, counted from 0 as they first appear in the results; numbers
                that there are not are left out.

        Examples:
            >>> import polars as pl
            >>> found = pl.DataFrame({"Ioc": ["a", "b", "a"], "Provider": ["OTX", "OTX", "Tor"],
            ...                       "Severity": ["high"] * 3, "Status": ["ok"] * 3})
            >>> ResultsPage(found).rows([0])["Provider"].to_list()
            ['OTX', 'Tor']
        """
        known = list(self._places.values())
        wanted = {number for number in numbers if 0 <= number < len(known)}
        places = sorted(place for number in wanted for place in known[number])
        kind = kind_of(self._data)
        if kind == "pandas":
            return self._data.iloc[places]  # its cells may hold what no other frame holds
        return as_kind(to_polars(self._data)[places], kind)

    def numbers(self, indicators: Iterable[str]) -> list[int]:
        """The numbers of indicators, as `rows` wants them; defanged ones are fine.

        Raises:
            UsageError: there is nothing about one of them.
        """
        known: dict[str, list[int]] = {}
        for number, ((value, _), places) in enumerate(self._places.items()):
            for name in {value, *(_text(self._records[place]["Ioc"]) for place in places)}:
                known.setdefault(name, []).append(number)
        found: list[int] = []
        for each in indicators:
            its = known.get(each) or known.get(refang(each))
            if its is None:
                near = did_you_mean(each, known)
                raise UsageError(f"the results know nothing about {each[:80]!r}", hint=near)
            found += its
        return list(dict.fromkeys(found))

    def indicators(self, numbers: Iterable[int]) -> list[str]:
        """The indicators of those numbers, in their normal form."""
        known = list(self._places)
        return [known[number][0] for number in numbers if 0 <= number < len(known)]

    def to_html(self, *, linked: bool = False) -> str:
        """The whole page.

        Args:
            linked: for a live notebook: indicators can be chosen, and the page around this one is
                told which.
        """
        providers = list(dict.fromkeys(_text(each.get("Provider")) for each in self._records))
        rows = self._rows(providers)
        notes = []
        if len(rows) > MOST_INDICATORS:
            notes.append(
                f"{len(rows):,} {self.what}s; the {MOST_INDICATORS:,} worst are shown, all of them"
                " are in the table of results"
            )
            rows = rows[:MOST_INDICATORS]
        if failures := sum(each.get("Status") in _PROBLEMS for each in self._records):
            were = "was" if failures == 1 else "were"
            told = _counted(failures, "question")
            notes.append(f"{told} {were} not answered: that says nothing good")
        counts = [sum(row.worst == word for row in rows) for word in ("high", "warning")]
        told = f"{counts[0]:,} high, {counts[1]:,} warning"
        if not self.judged:
            told = f"{sum(row.worst == KNOWN for row in rows):,} {KNOWN}"
        summary = (
            f"{_counted(len(rows), self.what)}, {_counted(len(providers), 'provider')}; {told}"
        )
        values = {
            "title": visible(self.title),
            "summary": summary,
            "notes": notes,
            "providers": providers,
            "rows": rows,
            "linked": linked,
            "what": self.what,
            "judged": self.judged,
        }
        template = _template()
        digest = hashlib.sha256(template.render(**values, nonce="").encode()).digest()
        return template.render(**values, nonce=base64.b64encode(digest[:18]).decode())

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the page.

        Raises:
            EvidenceError: there is such a file already, and `force` is false; it can't be written.
        """
        target = Path(path).expanduser()
        try:
            with target.open("w" if force else "x", encoding="utf-8") as stream:
                stream.write(self.to_html())
        except FileExistsError as problem:
            raise EvidenceError(
                f"there is a file {str(target)!r} already", hint="say force=True to replace it"
            ) from problem
        except OSError as problem:
            raise EvidenceError(f"can't write {str(target)!r}: {problem.strerror}") from problem
        return target

    def _repr_mimebundle_(self, **_asked: object) -> dict[str, str]:
        frame = (
            '<iframe sandbox="allow-scripts" width="100%" height="600" frameborder="0" '
            f'title="{html.escape(self.title)}" srcdoc="{html.escape(self.to_html())}"></iframe>'
        )
        return {"text/html": frame, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<ResultsPage of {len(self._records):,} results>"

    def _rows(self, providers: list[str]) -> list[_Row]:
        """The worst first; the same order as given among equals."""
        made: list[_Answer] = []
        left = _MOST_RAW_OF_ALL
        for record in self._records:
            made.append(_answer(record, left))
            left -= len(made[-1].raw)
        rows = []
        for number, ((value, ioc_type), places) in enumerate(self._places.items()):
            answers = [made[place] for place in places]
            by_provider: dict[str, _Answer] = {}
            for each in answers:
                old = by_provider.get(each.provider)
                if old is None or each.rank > old.rank:
                    by_provider[each.provider] = each
            top = max(answers, key=lambda each: each.rank)
            rows.append(
                _Row(
                    number,
                    visible(defang(value) if self._defanged else value),
                    ioc_type,
                    top.rank,
                    top.text,
                    top.style,
                    [_cell(by_provider.get(name)) for name in providers],
                    answers,
                )
            )
        return sorted(rows, key=lambda row: -row.rank)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    text = Path(__file__).with_name("results_page.html").read_text(encoding="utf-8")
    return environment.from_string(text)


def _records(data: Any) -> list[dict[str, Any]]:
    """The rows as dicts; in pandas, cells are objects that no other frame holds."""
    if kind_of(data) == "pandas":
        columns, records = list(data.columns), data.to_dict("records")
    else:
        frame = to_polars(data)
        columns, records = frame.columns, frame.to_dicts()
    for name in _NEEDED:
        if name not in columns:
            raise UnknownColumn(name, columns, hint="give what lookup_iocs gave")
    return [{str(name): value for name, value in row.items()} for row in records]


def _key(record: Mapping[str, Any]) -> tuple[str, str]:
    """What makes results be about the same indicator."""
    return _text(record.get("SafeIoc") or record["Ioc"]), _text(record.get("IocType"))


def _text(value: object) -> str:
    return visible(str(value)) if isinstance(value, str) else ""


def _answer(record: Mapping[str, Any], left: int) -> _Answer:
    status, severity = str(record.get("Status")), str(record.get("Severity"))
    style: str
    if status == "ok":
        rank = SEVERITIES.index(severity) if severity in SEVERITIES else 0
        text = KNOWN if severity == KNOWN else str(SEVERITIES[rank])
        style = "information" if severity == KNOWN else text
    else:
        rank = _NOT_FOUND if status == "not found" else _NO_ANSWER
        text = visible(status)
        style = "none problem" if status in _PROBLEMS else "none"
    link = https_link(record.get("Reference"))
    checked = record.get("CheckedAt")
    cached = " (kept)" if record.get("Cached") is True else ""
    # pandas has a time of its own that is none.
    time = checked.isoformat()[:19] + "Z" if checked is not None and checked == checked else ""
    return _Answer(
        _text(record.get("Provider")),
        _text(record.get("QuerySubtype")),
        rank,
        text,
        style,
        f"{time}{cached}" if time else "",
        link,
        visible(link),
        _pretty(record.get("Details"), _MOST_RAW),
        _pretty(record.get("RawResult"), min(_MOST_RAW, max(left, 0))),
    )


def _cell(answer: _Answer | None) -> _Cell:
    if answer is None:
        return _Cell(_NO_ANSWER, "", "none")
    return _Cell(answer.rank, answer.text, answer.style)


def _pretty(value: object, most: int) -> str:
    """JSON for people, cut where it is long; everything unseen in it is made visible."""
    if value is None or value == {} or value == [] or value == "" or value == "{}":
        return ""
    if isinstance(value, float):  # pandas' "nothing"
        return ""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return _cut(str(value), most)
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    try:
        text = orjson.dumps(value, default=str, option=options).decode()
    except TypeError:
        text = str(value)
    return _cut(text, most)


def _cut(text: str, most: int) -> str:
    shown = "\n".join(visible(line) for line in text[:most].split("\n"))
    return shown if len(text) <= most else f"{shown}\n... cut: {len(text):,} characters"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
