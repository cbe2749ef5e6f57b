"""The report: facts, laid out as one page that needs nothing else."""

import html
import os
from dataclasses import dataclass
from pathlib import Path

from huntkit import __version__
from huntkit.analyze.observations import Observations
from huntkit.charts.page import Page
from huntkit.core.progress import SILENT, Progress
from huntkit.core.text import visible
from huntkit.report import gist, judged, observed, pages, sections
from huntkit.report.facts import Facts, gather
from huntkit.report.kept import DEFAULT_TITLE
from huntkit.report.layouts import Evidence
from huntkit.report.saving import save_page
from huntkit.report.section import Section

_PROBLEMS_ON_TOP = 8


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in some evidence, ready to be written.

    Attributes:
        title: the heading.
        facts: the tables behind the report.
        observations: findings of the analyst, which stand first.
    """

    title: str
    facts: Facts
    observations: Observations | None = None

    def to_html(self) -> str:
        """The report as one HTML page; the same facts give the same bytes."""
        short = sections.drawn("in short", gist.section, self.facts)
        drawn = [*short, *sections.draw(self.facts)]
        if self.observations:
            drawn.insert(0, observed.section(self.observations))
        body = self._body(drawn, Page())
        # The nonce depends on everything in the body, which does not hold it: what carries it are
        # the scripts around the body, of a page with the same charts.
        page = Page(nonce=pages.nonce_of(self.title, body))
        for each in drawn:
            each.placed(page)
        style = f'<style nonce="{page.nonce}">{pages.asset("report.css")}</style>'
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f"{page.head()}\n{style}\n"
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{html.escape(visible(self.title, limit=200))}</title>\n</head>\n"
            f"<body>\n{body}\n{page.tail()}\n</body>\n</html>\n"
        )

    def to_bytes(self) -> bytes:
        """The page as it goes into a file."""
        return self.to_html().encode("utf-8", "replace")

    def save(self, path: str | os.PathLike[str], force: bool = False) -> Path:
        """Write the page to a file, which must not exist unless ``force`` is true."""
        return save_page(self.to_bytes(), path, force=force)

    def __repr__(self) -> str:
        facts = self.facts
        return (
            f"<Report {self.title!r}: {facts.files.height} files, {facts.records} records"
            f"{', PARTIAL' if facts.partial else ''}>"
        )

    def _body(self, drawn: list[Section], page: Page) -> str:
        facts = self.facts
        return pages.render(
            "report.html.j2",
            title=self.title,
            subtitle=sections.subtitle(facts),
            origins=sections.origins(facts),
            partial=facts.partial,
            problems={"lines": facts.problems[:_PROBLEMS_ON_TOP], "total": len(facts.problems)},
            tiles=sections.tiles(facts),
            lacking=judged.not_judged(facts),
            contents=[(each.id, each.short, _count(each)) for each in drawn],
            sections=[each.placed(page) for each in drawn],
            time_notes=facts.time_notes,
            version=__version__,
        )


def _count(each: Section) -> str:
    """The number in the list of contents, which has no room for words."""
    return "–" if each.count == judged.NOT_JUDGED else each.count  # noqa: RUF001  a dash


def report(
    evidence: Evidence,
    *,
    title: str | None = None,
    observations: Observations | None = None,
    progress: Progress = SILENT,
) -> Report:
    """One offline page that says what is in some evidence.

    It begins with what alarms on each host, and holds what was read (with hashes, and what was
    skipped and why), notable events, activity over time, risky command lines, process branches
    worth a look, encoded commands decoded, indicators with the places where they stand, hosts,
    users and tables. Long tables are cut and say so. The evidence is asked by SQL and never loaded
    whole.

    Args:
        evidence: what `huntkit.open` gave.
        title: the heading.
        observations: your own findings (`huntkit.analyze.Observations`), as the first section.
        progress: where to report; a cancelled report is marked as partial.

    Examples:
        >>> import tempfile, huntkit
        >>> from huntkit.sources.demo import make_demo
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with huntkit.open(make_demo(folder), cache=False) as evidence:
        ...         page = huntkit.report.report(evidence, title="Case 17").to_html()
        >>> "Case 17" in page and "203[.]0[.]113[.]45" in page
        True
    """
    own = None if observations is None else Observations(observations)  # later ones are not in it
    return Report(title or DEFAULT_TITLE, gather(evidence, progress=progress), own)
