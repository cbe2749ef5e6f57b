"""A chart is a value: the data drawn, a description, and the means to become a page."""

import html
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from huntkit.charts import page as pages
from huntkit.charts.payload import packed, script_json
from huntkit.core.errors import EvidenceError, UsageError


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A picture of a table, shown only when displayed.

    Displaying it (as the last line of a notebook's cell), `to_html` and `save` all give the same
    page: self-contained, without any network request, and with a content security policy under
    which nothing that came from a log can run.

    Attributes:
        data: what is drawn, one row per event or process, in the order drawn.
        spec: how it is drawn, as plain JSON values: ``kind``, ``title``, ``summary`` ...
        blobs: the bytes that the page reads beside `spec`.
        libraries: packed libraries that the page must hold for this chart.
        table: the picture as a small table, its head first, for readers who do not see it.
        forms: what else `save` can write, by the file name's ending, such as ``.graphml``.
        times: the columns of `data` with the time, or with start and end, in charts along time.
        origins: servers that the page may ask for pictures; none, unless the caller wants it.
        find: the rows of `data` behind some marks, where their numbers are not the rows' own.
    """

    data: pl.DataFrame
    spec: Mapping[str, Any]
    blobs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    libraries: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    forms: Mapping[str, Callable[[], str]] = field(default_factory=dict, repr=False)
    times: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    find: Callable[[Sequence[int]], pl.DataFrame] | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """The chart's name, which is also its module's under ``charts.kinds``."""
        return str(self.spec["kind"])

    @property
    def summary(self) -> str:
        """What the picture shows, in one or two sentences."""
        return str(self.spec["summary"])

    def __repr__(self) -> str:
        return f"<Chart {self.kind}: {self.spec['title']} | {self.summary}>"

    def to_html(self) -> str:
        """One complete page that needs nothing else: from disk, by e-mail, in a frame."""
        return pages.whole(self, pages.Page())

    def rows(
        self, marks: Sequence[int] | None = None, *, between: Sequence[datetime] | None = None
    ) -> pl.DataFrame:
        """The rows of `data` behind some marks of the picture, or of a stretch of time.

        Marks are numbered as the page numbers them; ones that there are not are left out.

        Args:
            marks: the marks; by default all.
            between: from when to when, both included, in charts along time; a span counts when
                any part of it lies there.

        Raises:
            UsageError: the chart has no times.

        Examples:
            >>> import huntkit.charts
            >>> hosts = pl.DataFrame({"host": ["ws01", "ws02"], "user": ["al", "bo"]})
            >>> graph = huntkit.charts.network(hosts, source_column="host", target_column="user")
            >>> graph.rows([0]).select("source", "target").rows()
            [('ws01', 'al')]
        """
        found = self.data
        if marks is not None and self.find is not None:
            found = self.find(marks)
        elif marks is not None:
            found = found[[mark for mark in marks if 0 <= mark < found.height]]
        if between is None:
            return found
        if not self.times:
            raise UsageError(f"a {self.kind} has no times", hint="ask for marks")
        start, end = between
        first, last = pl.col(self.times[0]), pl.col(self.times[-1])
        ended = last.is_null() | (last >= start)  # what was not seen to end may still go on
        return found.filter((first <= end) & ended)

    def fragment(self, name: str) -> str:
        """The figure alone, under an id of its own, for a `Page` that holds several charts."""
        data = script_json(
            {
                "spec": dict(self.spec),
                "blobs": {key: packed(blob) for key, blob in self.blobs.items()},
                "libraries": list(self.libraries),
            }
        )
        return (
            f'<figure class="hk-chart" id="{html.escape(name)}">\n'
            f'<figcaption><h2 class="hk-title">{html.escape(str(self.spec["title"]))}</h2>'
            f'<p class="hk-summary">{html.escape(self.summary)}</p></figcaption>\n'
            f'<div class="hk-plot"></div>\n{self._table()}'
            f'<script type="application/json" class="hk-data">{data}</script>\n</figure>'
        )

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the page to a file, which must not exist unless `force` is true.

        A name that ends like one of `forms` (graphs: ``.graphml``, ``.json``, ``.svg``) gets that.

        Raises:
            UsageError: the file exists, or its ending asks for what the chart can't give.
            EvidenceError: the file can't be written.
        """
        target = Path(path)
        content = self._content(target.suffix.lower())
        try:
            with target.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
                file.write(content)
        except FileExistsError:
            raise UsageError(
                f"the file {str(target)!r} exists", hint="choose another name, or say force=True"
            ) from None
        except OSError as error:
            raise EvidenceError(f"can't write {str(target)!r}: {error.strerror}") from error
        return target

    def _content(self, ending: str) -> str:
        if ending in self.forms:
            return self.forms[ending]()
        if ending not in ("", ".html", ".htm"):
            offered = ", ".join([".html", *self.forms])
            raise UsageError(
                f"a {self.kind} can't be saved as {ending!r}", hint=f"choose one of {offered}"
            )
        return self.to_html()

    def _repr_mimebundle_(self, **_asked: object) -> dict[str, str]:
        height = int(self.spec.get("height", 600)) + 40
        frame = (
            f'<iframe sandbox="allow-scripts" width="100%" height="{height}" frameborder="0" '
            f'title="{html.escape(str(self.spec["title"]))}" '
            f'srcdoc="{html.escape(self.to_html())}"></iframe>'
        )
        return {"text/html": frame, "text/plain": repr(self)}

    def _table(self) -> str:
        if not self.table:
            return ""
        head, *rows = self.table
        cells = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
        lines = [f"<tr>{''.join(f'<td>{html.escape(c)}</td>' for c in row)}</tr>" for row in rows]
        return (
            '<details class="hk-table"><summary>As a table</summary>'
            f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
            "</details>\n"
        )
