"""A chart as a widget whose choice and stretch of time are Python's, too."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import anywidget
import polars as pl
import traitlets

from huntkit.charts import bundle
from huntkit.charts.chart import Chart
from huntkit.charts.page import Page, whole
from huntkit.core.errors import UsageError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN: Final = 40  # pixels around the picture


class LiveChart(anywidget.AnyWidget):
    """A chart in a notebook that tells what is chosen in it, and can be told.

    All of it can be observed: ``live.observe(seen, names="mark")``.

    Attributes:
        chart: the chart that is shown.
        mark: the number of the chosen mark (event, process, node, cell ...), or None; setting it
            chooses that mark in the picture.
        kept: the marks that a brush or a search keeps, or None for all.
        time_range: from when to when is in view, or None in charts without times; setting it
            moves the picture.
        value: what the chosen mark says, by name, as texts.
    """

    _esm = bundle.script("live.js")
    _page = traitlets.Unicode().tag(sync=True)
    _title = traitlets.Unicode().tag(sync=True)
    _height = traitlets.Int().tag(sync=True)
    _libraries = traitlets.Dict().tag(sync=True)
    _state = traitlets.Unicode().tag(sync=True)
    _wanted = traitlets.Dict().tag(sync=True)

    mark = traitlets.Int(None, allow_none=True)
    kept: traitlets.List[Any] = traitlets.List(traitlets.Int(), None, allow_none=True)
    time_range = traitlets.Any(None)
    value = traitlets.Dict()

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self._hearing = False
        digests = {name: _digest(bundle.library(name)) for name in chart.libraries}
        super().__init__(
            _page=whole(chart, Page(linked=True)),
            _title=str(chart.spec["title"]),
            _height=int(chart.spec.get("height", 600)) + _MARGIN,
            _libraries=digests,
        )
        self.on_msg(self._asked)

    @property
    def selection(self) -> pl.DataFrame:
        """The rows of the chart's data behind the chosen mark; else those kept, else in view."""
        if self.mark is not None:
            return self.chart.rows([self.mark])
        in_view = self.time_range if self.chart.times else None
        return self.chart.rows(self.kept, between=in_view)

    def __repr__(self) -> str:
        return f"<LiveChart of {self.chart!r}>"

    @traitlets.validate("time_range")
    def _a_range(self, proposal: Any) -> tuple[datetime, datetime] | None:
        given = proposal["value"]
        if given is None:
            return None
        if not self.chart.times:
            raise UsageError(f"a {self.chart.kind} has no times", hint="choose a mark")
        both = isinstance(given, Sequence) and len(given) == 2
        if not both or not all(isinstance(each, datetime) for each in given):
            raise UsageError(f"{given!r} is no stretch of time", hint="give two datetimes")
        start, end = (_aware(each) for each in given)
        if not start < end:
            raise UsageError(f"{start} is not before {end}", hint="the start comes first")
        return start, end

    @traitlets.validate("mark")
    def _a_mark(self, proposal: Any) -> int | None:
        given: int | None = proposal["value"]
        if given is not None and given < 0:
            raise UsageError(f"the mark {given} is below 0", hint="None stands for no mark")
        return given

    @traitlets.observe("mark", "time_range")
    def _want(self, change: Any) -> None:
        """Tell the page what was set here; what it said itself it knows."""
        if self._hearing:
            return
        wanted: dict[str, Any] = {"turn": self._wanted.get("turn", 0) + 1}
        if change["name"] == "mark":
            wanted["mark"] = -1 if self.mark is None else self.mark
        elif self.time_range is not None:
            wanted["range"] = [_milliseconds(each) for each in self.time_range]
        self._wanted = wanted

    @traitlets.observe("_state")
    def _heard(self, change: Any) -> None:
        """Take over what the page says; anything that no page of ours would say is left out."""
        try:
            said = json.loads(change["new"])
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        mark, told, kept = said.get("mark"), said.get("told"), said.get("kept")
        self._hearing = True
        try:
            with self.hold_trait_notifications():
                self.mark = mark if _whole(mark) else None
                self.value = _texts(told)
                some = [i for i in kept if _whole(i)] if isinstance(kept, list) else None
                self.set_trait("kept", some)
                if self.chart.times:
                    self.time_range = _range(said.get("range"))
        finally:
            self._hearing = False

    def _asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Send a library, once for all live charts of the notebook's page."""
        name = content.get("library") if isinstance(content, Mapping) else None
        if name in self.chart.libraries:
            self.send({"library": name, "text": bundle.library(name)})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _milliseconds(moment: datetime) -> float:
    return (moment - _EPOCH) / timedelta(milliseconds=1)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _texts(pairs: Any) -> dict[str, str]:
    if not isinstance(pairs, list):
        return {}
    sound = (pair for pair in pairs if isinstance(pair, list) and len(pair) == 2)
    return {str(name): str(text) for name, text in sound if text not in ("", None)}


def _range(ends: Any) -> tuple[datetime, datetime] | None:
    numbers = isinstance(ends, list) and len(ends) == 2
    if not numbers or not all(isinstance(e, int | float) and math.isfinite(e) for e in ends):
        return None
    try:
        start, end = (_EPOCH + timedelta(milliseconds=each) for each in ends)
    except OverflowError:
        return None
    return (start, end) if start < end else None
