"""Allowances, and what is said where one ends."""

from dataclasses import fields

import pytest

from huntkit.core.errors import UsageError
from huntkit.extract.decode_limits import Budget, DecodeLimits, Room, stopped


def test_every_limit_has_its_words():
    limits = DecodeLimits()
    assert all(
        stopped(field.name, limits).startswith("stopped: ") for field in fields(DecodeLimits)
    )


@pytest.mark.parametrize("name", [field.name for field in fields(DecodeLimits)])
def test_no_limit_can_be_switched_off(name):
    for value in (0, -1, float("nan")):
        with pytest.raises(UsageError, match=name):
            DecodeLimits(**{name: value})


def test_the_limit_that_holds_is_named():
    limits = DecodeLimits(size_bytes=100, depth=3, pieces=5)
    budget = Budget(limits, Room(1_000))
    budget.start()
    assert budget.met(depth=2, pieces=4) == ""
    assert budget.met(depth=3) == "depth"
    assert budget.met(pieces=5) == "pieces"
    budget.spend(100)
    assert (budget.room, budget.met()) == (0, "size_bytes")
    short = Budget(limits, Room(50))
    short.start()
    short.spend(50)
    assert short.met() == "table_ratio"
    late = Budget(DecodeLimits(seconds=1e-9), Room(9))
    late.start()
    assert late.met() == "seconds"
