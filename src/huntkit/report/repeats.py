"""Events that several files of one evidence hold: each counts as often as it was given."""

from collections.abc import Sequence

from huntkit.report.layouts import Evidence, Layout, find
from huntkit.report.places import short_names

_KEY = ("Computer", "Channel", "EventID", "EventRecordId")


def repeats(evidence: Evidence, tables: Sequence[Layout]) -> list[str]:
    """A note where Windows events stand in more than one file, as in an EVTX file and its export.

    The same event has the same host, channel, event id, record id and time. Record ids begin anew
    when a log is cleared, so that they alone say nothing.
    """
    layout = find(tables, "WindowsEvent")
    if layout is None or not {*_KEY, "TimeGenerated"} <= set(layout.columns):
        return []
    key = ", ".join(f'lower(CAST("{name}" AS VARCHAR))' for name in _KEY)
    key += ", date_trunc('second', \"TimeGenerated\")"  # exports keep fewer digits
    rows = evidence.sql(
        f"""SELECT a, b, count(*) AS events
            FROM (SELECT min(_file) AS a, max(_file) AS b FROM {layout.sql}
                  WHERE coalesce(CAST("EventRecordId" AS VARCHAR), '') NOT IN ('', '0')
                  GROUP BY hash({key}) HAVING min(_file) <> max(_file))
            GROUP BY ALL ORDER BY events DESC, a, b""",  # noqa: S608  names of columns above
        frame="polars",
    )
    if not rows.height:
        return []
    events = int(rows["events"].sum())
    first = [str(rows[side][0]) for side in ("a", "b")]
    names = [short_names(first)[each] for each in first]
    told = "1 Windows event stands" if events == 1 else f"{events:,} Windows events stand"
    pair = " and ".join(names)
    pairs = f"such as {pair}" if rows.height > 1 else pair
    note = (
        f"{told} in more than one file ({pairs}): same host, channel, record id and time. "
        "Each file counts, here and in all tables; leave one of them out to count once"
    )
    return [note]
