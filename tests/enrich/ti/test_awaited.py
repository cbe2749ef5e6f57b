import asyncio
import inspect

from huntkit.enrich.context import ContextLookup
from huntkit.enrich.ti.awaited import awaited
from huntkit.enrich.ti.tilookup import TILookup


class Slow:
    def double(self, n: int) -> int:
        return 2 * n

    double_async = awaited(double)


class Own(Slow):
    def double(self, n: int) -> int:
        return 20 * n


def test_a_subclass_is_awaited_with_its_own_method():
    assert asyncio.run(Slow().double_async(2)) == 4
    assert asyncio.run(Own().double_async(2)) == 40


def test_look_ups_have_a_twin_that_is_awaited_with_the_same_parameters(session):
    for kind, names in (
        (TILookup, ("lookup_ioc", "lookup_iocs")),
        (ContextLookup, ("lookup_observable", "lookup_observables")),
    ):
        lookup = kind(providers=[], session=session)
        for name in names:
            method, twin = getattr(lookup, name), getattr(lookup, f"{name}_async")
            assert inspect.iscoroutinefunction(twin)
            assert inspect.signature(twin) == inspect.signature(method)
            assert asyncio.run(twin("198.51.100.7", frame="polars")).height == 0
