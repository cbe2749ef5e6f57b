"""Reports that were made before: the same evidence, read by the same code, gives the same page.

Needs no data library unless something must be made, so that `huntkit open` on known evidence
answers at once. What else a report comes to depend on (a setting, a database of places) must
become part of what is asked.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from huntkit.report.summary import Summary
from huntkit.sources.local.answers import Answers
from huntkit.sources.local.intake import Intake

if TYPE_CHECKING:
    from huntkit.report.document import Report

DEFAULT_TITLE = "What these logs hold"


@dataclass(frozen=True, slots=True)
class Ready:
    """A summary and, if it was asked for, the report's page.

    Attributes:
        summary: what there is to say.
        page: the HTML as it goes into a file; None if no page was wanted.
    """

    summary: Summary
    page: bytes | None


def ready(
    intake: Intake, make: Callable[[], "Report"], *, title: str | None = None, page: bool = True
) -> Ready:
    """Summary and page of some evidence; what is kept is taken, the rest is made and kept.

    The page is byte for byte what making it anew gives. A report that was stopped, or of which a
    section failed, is not kept.

    Args:
        intake: what was read.
        make: makes the report; called only if something is not kept.
        title: the title that the report will have.
        page: whether the page is wanted.
    """
    answers = Answers(intake)
    named = ("report", title or DEFAULT_TITLE)
    told = answers.load("summary")
    drawn = answers.load(*named) if page and told is not None else None
    if told is not None and (drawn is not None or not page):
        return Ready(Summary.from_json(told), drawn)
    made = make()
    summary = importlib.import_module("huntkit.report.summing").summed(made.facts)
    drawn = made.to_bytes() if page and summary.kept else None
    if not made.facts.stopped and not summary.failed:
        answers.keep(summary.to_json(), "summary")
        if drawn is not None:
            answers.keep(drawn, *named)
    return Ready(summary, drawn)
