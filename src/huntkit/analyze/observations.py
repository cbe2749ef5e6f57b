"""Findings of an investigation, collected with the rows behind them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final, Literal

import polars as pl

from huntkit.analyze import observation_pages
from huntkit.core.errors import HuntkitError, UsageError, did_you_mean
from huntkit.core.text import visible
from huntkit.tables import as_kind, from_polars, kind_of, to_polars
from huntkit.tables.times import UTC_TIME, parse_times

_TABLE: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "Caption": pl.String,
    "Score": pl.Float64,
    "Description": pl.String,
    "Rows": pl.Int64,
    "Tags": pl.List(pl.String),
    "Timestamp": UTC_TIME,
    "Link": pl.String,
}
_KINDS: Final = ("pandas", "polars", "arrow", "duckdb")


@dataclass(frozen=True, kw_only=True, repr=False)
class Observation:
    """One finding.

    Attributes:
        caption: what it is called; no two of a collection share it.
        data: what was found: rows of any frame, a chart, a text ...
        description: what it means.
        data_type: what kind of data it is.
        link: where it was found, such as a heading of the notebook.
        score: how much it matters; your own scale.
        tags: words to find it by.
        additional_properties: anything else, by name.
        timestamp: when it happened.
        time_span: first and last moment; `filtered_data` keeps to it.
        time_column: the column of `data` that `time_span` is about.
    """

    caption: str
    data: Any = None
    description: str = ""
    data_type: str = ""
    link: str = ""
    score: float = 0
    tags: Sequence[str] = ()
    additional_properties: Mapping[str, Any] = field(default_factory=dict)
    timestamp: datetime | None = None
    time_span: tuple[datetime, datetime] | None = None
    time_column: str | None = None

    @classmethod
    def required_fields(cls) -> list[str]:
        """The fields that an observation can't do without."""
        return ["caption", "data"]

    @classmethod
    def all_fields(cls) -> set[str]:
        """The names of all fields."""
        return {each.name for each in fields(cls)}

    @property
    def filtered_data(self) -> Any:
        """The rows within `time_span`; what is no table, or has no time span, as it is.

        Raises:
            UnknownColumn: the table lacks `time_column`.
        """
        if self.time_span is None or self.time_column is None or not _is_table(self.data):
            return self.data
        rows = to_polars(self.data)
        if self.time_column not in rows.columns:
            raise UsageError(
                f"the data of {self.caption!r} have no column {self.time_column!r}",
                hint=did_you_mean(self.time_column, rows.columns),
            )
        start, end = parse_times(pl.Series(list(self.time_span)))
        time = parse_times(rows[self.time_column])
        return from_polars(rows.filter(((time >= start) & (time <= end)).fill_null(value=False)),
                           self.data)  # fmt: skip

    @property
    def rows(self) -> pl.DataFrame | None:
        """`filtered_data` as a Polars frame; None where the data are no table."""
        return to_polars(self.filtered_data) if _is_table(self.data) else None

    def display(self) -> "Observation":
        """The observation, which shows itself as the last line of a notebook's cell."""
        return self

    def __repr__(self) -> str:
        caption = visible(str(self.caption), limit=100)
        return f"<Observation '{caption}': score {self.score}, {type(self.data).__name__}>"

    def _repr_html_(self) -> str:
        try:
            rows, data = self.rows, self.data
        except HuntkitError as problem:  # the others are shown all the same
            rows, data = None, f"The data can't be shown: {problem}"
        score = str(self.score) if self.score else ""
        facts = [("Description", self.description), ("Score", score)]
        facts.append(("Tags", ", ".join(map(str, self.tags))))
        facts.append(("Time", "" if self.timestamp is None else str(self.timestamp)))
        facts += [(str(name), str(value)) for name, value in self.additional_properties.items()]
        return observation_pages.finding(
            caption=str(self.caption),
            facts=facts,
            link=str(self.link or ""),
            rows=rows,
            data=data,
        )


class Observations:
    """The findings of an investigation, in the order in which they were added.

    Examples:
        >>> found = Observations()
        >>> found.add_observation(caption="Odd logon", data=pl.DataFrame({"a": [1]}), score=3,
        ...     analyst="al")
        >>> found["Odd logon"].additional_properties["analyst"], len(found)
        ('al', 1)
        >>> found.to_frame("polars").select("Caption", "Score", "Rows").rows()
        [('Odd logon', 3.0, 1)]
    """

    def __init__(self, observationlist: "Observations | None" = None) -> None:
        self.observation_list: dict[str, Observation] = (
            dict(observationlist.observation_list) if observationlist is not None else {}
        )

    def __getitem__(self, caption: str) -> Observation:
        """The observation of that caption; a wrong one is an error with the nearest."""
        if caption not in self.observation_list:
            raise UsageError(
                f"there is no observation {caption!r}",
                hint=did_you_mean(caption, self.observation_list),
            )
        return self.observation_list[caption]

    def __iter__(self) -> Iterator[tuple[str, Observation]]:
        yield from self.observation_list.items()

    def __len__(self) -> int:
        return len(self.observation_list)

    def __contains__(self, caption: object) -> bool:
        return caption in self.observation_list

    @property
    def observations(self) -> Mapping[str, Observation]:
        """The observations by their caption."""
        return dict(self.observation_list)

    def add_observation(
        self,
        observation: Observation | None = None,
        *,
        overwrite: bool = False,
        **properties: Any,
    ) -> None:
        """Add an observation, or one made of the given properties.

        Args:
            observation: the observation; properties given beside it replace its own.
            overwrite: whether one of the same caption may be replaced.
            properties: the fields of `Observation`; others go to its `additional_properties`.

        Raises:
            UsageError: caption or data is missing, the score is no number, or there is one of
                that caption.
        """
        known = {k: v for k, v in properties.items() if k in Observation.all_fields()}
        others = {k: v for k, v in properties.items() if k not in known}
        if observation is None:
            missing = [name for name in Observation.required_fields() if name not in known]
            if missing:
                raise UsageError(
                    f"an observation needs {' and '.join(missing)}",
                    hint="add_observation(caption=..., data=...)",
                )
            observation = Observation(**known)
        elif known:
            observation = replace(observation, **known)
        if others:
            more = {**observation.additional_properties, **others}
            observation = replace(observation, additional_properties=more)
        observation = _sound(observation)
        if observation.caption in self.observation_list and not overwrite:
            raise UsageError(
                f"there is an observation {observation.caption!r} already",
                hint="choose another caption, or overwrite=True",
            )
        self.observation_list[observation.caption] = observation

    def add_result(self, caption: str, result: Any, *, at_most: int = 10, **fields_: Any) -> None:
        """Add the most unusual rows of an analysis, with their reasons as the description.

        Args:
            caption: what it is called.
            result: what a step of `huntkit.analyze` gave, with ``score`` and ``reason``, in any
                order. Of a time series only anomalies are taken, those that are farthest first.
            at_most: how many rows are kept.
            fields_: other fields of the observation.

        Raises:
            UsageError: the result has no column ``reason``, or there is one of that caption.
        """
        rows = to_polars(result)
        if "reason" not in rows.columns:
            raise UsageError(
                "this table has no column 'reason'",
                hint="add_observation() takes any data",
            )
        kept = _most_unusual(rows).head(at_most)
        reasons = [str(reason) for reason in kept["reason"] if reason]
        best = kept["score"].abs().max() if "score" in kept.columns else None
        given = {"score": 0.0 if best is None else best, "description": "\n".join(reasons)}
        self.add_observation(
            **{**given, **fields_}, caption=caption, data=from_polars(kept, result)
        )

    def remove_observation(self, caption: str) -> Observation:
        """Take the observation of that caption out, and give it back.

        Raises:
            UsageError: there is none.
        """
        found = self[caption]
        del self.observation_list[caption]
        return found

    def ordered(self, by: Literal["score", "caption", "timestamp"] = "score") -> "Observations":
        """The same observations in another order: the highest score first, or the earliest.

        Equal ones keep their order, and those without a time stand last.

        Examples:
            >>> found = Observations()
            >>> found.add_observation(caption="b", data="", score=1)
            >>> found.add_observation(caption="a", data="", score=2)
            >>> list(found.ordered().observations), list(found.observations)
            (['a', 'b'], ['b', 'a'])
        """
        if by not in ("score", "caption", "timestamp"):
            raise UsageError(f"observations have no order by {by!r}",
                             hint="one of score, caption, timestamp")  # fmt: skip
        table = self.to_frame("polars")
        if by != "score":  # the table is in that order already
            table = table.sort(by.title(), nulls_last=True, maintain_order=True)
        found = Observations()
        found.observation_list = {caption: self[caption] for caption in table["Caption"]}
        return found

    def display_observations(self) -> "Observations":
        """The observations, which show themselves as the last line of a notebook's cell."""
        return self

    def _repr_html_(self) -> str:
        count = f"{len(self):,} {'observation' if len(self) == 1 else 'observations'}"
        shown = [each._repr_html_() for each in self.observation_list.values()]
        return f"<div><p>{count}</p>{''.join(shown)}</div>"

    def to_frame(self, frame: str = "pandas") -> Any:
        """One row for each observation, the highest score first.

        ``Rows`` is null where the data are no table.
        """
        rows = [
            (
                each.caption,
                float(each.score),
                each.description,
                to_polars(each.data).height if _is_table(each.data) else None,
                list(each.tags),
                each.timestamp,
                each.link,
            )
            for each in self.observation_list.values()
        ]
        times = parse_times(
            pl.Series("Timestamp", [row[5] for row in rows], dtype=None if rows else UTC_TIME)
        )
        table = pl.DataFrame(
            [(*row[:5], None, row[6]) for row in rows], schema=_TABLE, orient="row"
        ).with_columns(times.alias("Timestamp"))
        return as_kind(table.sort("Score", descending=True, maintain_order=True), frame)

    def __repr__(self) -> str:
        table = self.to_frame("polars")
        lines = [
            f"{score:g}  {visible(caption, limit=100)}"
            for caption, score in table.select("Caption", "Score").iter_rows()
        ]
        return "\n".join([f"{len(self):,} observations, by score:", *lines])


def _most_unusual(rows: pl.DataFrame) -> pl.DataFrame:
    """The highest scores first; a series is in the order of time, and its dips are below 0."""
    if "score" not in rows.columns:
        return rows
    if "anomalies" in rows.columns:
        rows = rows.filter(pl.col("anomalies") != 0)
    return rows.sort(pl.col("score").abs(), descending=True, nulls_last=True, maintain_order=True)


def _sound(observation: Observation) -> Observation:
    """With fields that can be sorted and shown; anything else is told here, where it is added."""
    if not isinstance(observation.caption, str):
        raise UsageError(f"the caption is {observation.caption!r}", hint="give it a text")
    try:
        score = float(observation.score)
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        raise UsageError(
            f"the score of {observation.caption!r} is {observation.score!r}", hint="give a number"
        )
    tags = observation.tags
    return replace(observation, tags=[tags] if isinstance(tags, str) else list(tags))


def _is_table(data: Any) -> bool:
    try:
        return kind_of(data) in _KINDS
    except UsageError:
        return False
