"""The catalogue agrees with itself and with the vocabulary of primitives."""

import pytest

from huntkit.kql.language import primitives
from huntkit.kql.language.catalog import aliases, entry
from huntkit.kql.language.types import ALL, fits

_RESULTS = {*ALL, "0", "1", "promoted0", "widest", "common", "typeof"}


def test_every_result_is_a_type_or_a_rule() -> None:
    everything = [*entry.scalars().values(), *entry.aggregates().values()]
    assert {sig.result for sigs in everything for sig in sigs} <= _RESULTS


def test_every_alias_means_a_function_that_exists() -> None:
    assert set(aliases.SCALARS.values()) <= set(entry.scalars())
    own = {"arg_max", "arg_min", "take_any"}  # their columns are rules of their own
    assert set(aliases.AGGREGATES.values()) <= set(entry.aggregates()) | own


def test_no_alias_hides_a_function_of_its_own() -> None:
    assert not set(aliases.SCALARS) & set(entry.scalars())


@pytest.mark.parametrize("kind", ["any", "common", "notdynamic|dynamic"])
def test_wide_kinds_take_every_type(kind: str) -> None:
    assert all(fits(kind, each) for each in ALL)


def test_optional_parameters_come_last() -> None:
    for signatures in entry.scalars().values():
        for signature in signatures:
            flags = [parameter.optional for parameter in signature.parameters]
            assert flags == sorted(flags), signature.name


def test_primitives_have_a_result_that_engines_can_know() -> None:
    for name, primitive in primitives.scalars().items():
        assert primitive.result in {*ALL, "same", "T", "open"}, name
