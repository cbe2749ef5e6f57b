"""The commands that say what stands out: `rare`, `beacons`, `series`. Signatures and help only."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from huntkit.cli.options import General, Paths, Reading, Span, Writing

Register = Callable[..., Callable[[Callable[..., None]], Callable[..., None]]]
Work = Callable[[str, General], Any]

_Table = Annotated[
    str | None, typer.Option("--table", "-t", metavar="TABLE", help="The table to look at.")
]
_By = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="COLUMN", help="A column; may be repeated."),
]


def add_to(command: Register, work: Work) -> None:
    """Register the commands."""
    command(
        "rare",
        "huntkit rare evidence/",
        "huntkit rare evidence/ -t DeviceLogonEvents --by AccountName --by RemoteIP",
        "Without --table: process starts in which several unusual things meet, one row for each"
        " pair of programs (parent and child); in evidence without any, the largest table. With"
        " --table and --by: the rarest values of these columns, how often and on how many hosts"
        " they were seen, and since when; without --by, columns that say what was done and by"
        " whom. Each row says why, what is counted, and out of how many.",
    )(_rare(work))
    command(
        "beacons",
        "huntkit beacons evidence/",
        "huntkit beacons evidence/ -t Zeek_conn --by id_resp_p --lowest 0.5",
        "Who calls whom at a beat: interval, jitter, missed calls, sizes, a score from 0 to 1, and"
        " the reason. Without --table the connections of all tables, each once. With -o x.html:"
        " the calls of the most regular pairs in time.",
    )(_beacons(work))
    command(
        "series",
        "huntkit series evidence/ -t SecurityEvent",
        "huntkit series evidence/ -t DeviceNetworkEvents --every 5m --by DeviceName -o series.html",
        "Peaks and dips: the rows of a table (or the sums of --value) per stretch of time,"
        " against what is usual around, and from four days on against the same time of day."
        " Shown are the anomalies; --all shows every point. With -o x.html: the series with its"
        " anomalies.",
    )(_series(work))


def _rare(work: Work) -> Callable[..., None]:
    def rare(
        paths: Paths,
        reading: Reading,
        span: Span,
        writing: Writing,
        table: _Table = None,
        by: _By = None,
        at_most: Annotated[
            int | None, typer.Option(min=1, metavar="N", help="Only what was seen at most N times.")
        ] = None,
        general: General = General(),  # noqa: B008  a frozen value
    ) -> None:
        """What was seen least: programs and their parents, or any values."""
        work("standouts", general).rare(
            paths, reading, span, writing, general, table=table, by=by or [], at_most=at_most
        )

    return rare


def _beacons(work: Work) -> Callable[..., None]:
    def beacons(
        paths: Paths,
        reading: Reading,
        span: Span,
        writing: Writing,
        table: _Table = None,
        source: Annotated[
            str | None, typer.Option("--source", metavar="COLUMN", help="Who calls.")
        ] = None,
        target: Annotated[
            str | None, typer.Option("--target", metavar="COLUMN", help="Who is called.")
        ] = None,
        by: _By = None,
        min_beats: Annotated[
            int, typer.Option(min=4, metavar="N", help="How many calls a pair needs, 4 or more.")
        ] = 8,
        lowest: Annotated[
            float,
            typer.Option(
                min=0, max=1, metavar="SCORE", help="Leave out what scores less, from 0 to 1."
            ),
        ] = 0.0,
        general: General = General(),  # noqa: B008
    ) -> None:
        """Pairs of hosts that call at a beat."""
        work("standouts", general).beacons(
            paths, reading, span, writing, general, table=table, source=source, target=target,
            by=by or [], min_beats=min_beats, lowest=lowest,
        )  # fmt: skip

    return beacons


def _series(work: Work) -> Callable[..., None]:
    def series(
        paths: Paths,
        reading: Reading,
        span: Span,
        writing: Writing,
        table: _Table = None,
        by: _By = None,
        value: Annotated[
            str | None, typer.Option(metavar="COLUMN", help="Add these numbers up; else rows.")
        ] = None,
        every: Annotated[
            str | None,
            typer.Option(
                metavar="SPAN",
                help="The stretch of one point: 15m, 1h, 1d. By default an hour from four days on,"
                " else what gives 200 points.",
            ),
        ] = None,
        period: Annotated[
            int | None,
            typer.Option(
                min=1,
                metavar="N",
                help="How many points a season has; 1 is none. By default a day from four days on.",
            ),
        ] = None,
        threshold: Annotated[
            float,
            typer.Option(
                min=0.1, metavar="SCORE", help="From which score on it is an anomaly, 0.1 or more."
            ),
        ] = 3.0,
        everything: Annotated[
            bool, typer.Option("--all", help="Every point, not the anomalies only.")
        ] = False,
        general: General = General(),  # noqa: B008
    ) -> None:
        """Peaks and dips of how much happened."""
        work("peaks", general).series(
            paths, reading, span, writing, general, table=table, by=by or [], value=value,
            every=every, period=period, threshold=threshold, everything=everything,
        )  # fmt: skip

    return series
