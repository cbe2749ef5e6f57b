"""What a frame says about where it comes from."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from huntkit.core.timespan import TimeSpan
from huntkit.sources.provenance import Provenance, framed, in_words
from huntkit.sources.splitting import Chunk

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def made(**more: object) -> Provenance:
    return Provenance(provider="Local", started=NOW, **more)  # type: ignore[arg-type]


def test_it_is_plain_values_whatever_the_parameters_are() -> None:
    said = made(
        parameters={"a": [NOW, 1, None, {"x"}], "b": timedelta(hours=1), "c": True, "d": 2**70},
        span=TimeSpan(NOW, NOW + timedelta(days=1)),
    ).as_dict()
    assert json.loads(json.dumps(said)) == said
    assert said["parameters"]["a"][0] == "2024-05-01T12:00:00Z"
    assert (said["start"], said["end"]) == ("2024-05-01T12:00:00Z", "2024-05-02T12:00:00Z")
    assert "chunks" not in said


def test_of_many_pieces_those_that_are_not_whole_are_listed() -> None:
    spans = [TimeSpan(NOW + timedelta(hours=n), NOW + timedelta(hours=n + 1)) for n in range(300)]
    chunks = [Chunk(each, status="done") for each in spans]
    chunks[7] = Chunk(spans[7], status="failed", reason="on fire")
    said = made(chunks=chunks).as_dict()
    assert said["pieces"] == {"done": 299, "failed": 1}
    assert [each["reason"] for each in said["chunks"]] == ["on fire"]
    assert len(made(chunks=chunks[:200]).as_dict()["chunks"]) == 200


def test_frames_carry_it_through_the_usual_work() -> None:
    frame = framed(pl.DataFrame({"a": [1, 2]}), "pandas", made(rows=2))
    assert frame[frame["a"] > 1].attrs["huntkit"]["rows"] == 2
    table = framed(pl.DataFrame({"a": [1, 2]}), "arrow", made(rows=2))
    assert json.loads(table.schema.metadata[b"huntkit"])["rows"] == 2
    assert framed(pl.DataFrame({"a": [1]}), "polars", made()).rows() == [(1,)]


def test_in_words_it_says_what_is_missing_and_how_old_it_is() -> None:
    said = str(made(rows=1, query="F.q", age=timedelta(minutes=3), gaps=["w2 is missing"]))
    assert said == (
        "1 row of F.q from Local. kept 3 minutes ago; refresh=True asks again. "
        "PARTIAL: w2 is missing"
    )


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=59.9), "59 seconds"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=400), "400 days"),
        (timedelta(seconds=-5), "0 seconds"),
    ],
)
def test_ages_in_words(age: timedelta, words: str) -> None:
    assert in_words(age) == words
