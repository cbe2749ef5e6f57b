"""A page of look-up results as a widget: what is chosen in it is a frame in Python."""

import json
from typing import Any, Final

import anywidget
import traitlets

from huntkit.charts import bundle
from huntkit.core.errors import UsageError
from huntkit.enrich.ti.results_page import ResultsPage

_HEIGHT: Final = 640  # pixels; the page scrolls inside


class LiveResults(anywidget.AnyWidget):
    """Results of look-ups in a notebook that tell what is chosen in them, and can be told.

    It can be observed: ``live.observe(seen, names="selected")``.

    Attributes:
        page: the page that is shown.
        selected: the chosen indicators, in their normal form; setting it chooses them in the page.
    """

    _esm = bundle.script("live.js")
    _page = traitlets.Unicode().tag(sync=True)
    _title = traitlets.Unicode().tag(sync=True)
    _height = traitlets.Int(_HEIGHT).tag(sync=True)
    _libraries = traitlets.Dict().tag(sync=True)
    _state = traitlets.Unicode().tag(sync=True)
    _wanted = traitlets.Dict().tag(sync=True)

    selected: traitlets.List[str] = traitlets.List(traitlets.Unicode())

    def __init__(self, page: ResultsPage) -> None:
        if not isinstance(page, ResultsPage):
            raise UsageError(
                f"{type(page).__name__} can't be live",
                hint="give what TILookup.browse_results gave",
            )
        self.page = page
        self._numbers: list[int] = []
        self._hearing = False
        super().__init__(_page=page.to_html(linked=True), _title=page.title)

    @property
    def value(self) -> Any:
        """The results about the chosen indicators, in the kind of frame that was looked at."""
        return self.page.rows(self._numbers)

    def __repr__(self) -> str:
        return f"<LiveResults of {self.page!r}>"

    @traitlets.validate("selected")
    def _indicators(self, proposal: Any) -> list[str]:
        given = proposal["value"]
        if self._hearing:
            return list(given)
        return self.page.indicators(self.page.numbers(given))

    @traitlets.observe("selected")
    def _want(self, _change: Any) -> None:
        """Tell the page what was set here; what it said itself it knows."""
        if not self._hearing:
            self._numbers = self.page.numbers(self.selected)
            self._ask_for_them()

    def _ask_for_them(self) -> None:
        self._wanted = {"turn": self._wanted.get("turn", 0) + 1, "rows": self._numbers}

    @traitlets.observe("_state")
    def _heard(self, change: Any) -> None:
        """Take over what the page says; anything that no page of ours would say is left out."""
        try:
            said = json.loads(change["new"])
        except (ValueError, RecursionError):
            return
        rows = said.get("rows") if isinstance(said, dict) else None
        if not isinstance(rows, list):
            return
        if "hello" in said and not rows:  # it was shown once more, and knows nothing yet
            if self._numbers:
                self._ask_for_them()
            return
        known = [each for each in rows if isinstance(each, int) and not isinstance(each, bool)]
        self._numbers = [each for each in known if self.page.indicators([each])]
        self._hearing = True
        try:
            self.selected = self.page.indicators(self._numbers)
        finally:
            self._hearing = False
