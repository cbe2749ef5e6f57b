"""One value that spoils a batch, and what it costs the others: nothing."""

from collections.abc import Sequence

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import AccessDenied, BadReply, RateLimited, RequestFailed
from huntkit.enrich.ti.halves import in_halves
from huntkit.enrich.ti.provider import Facts, Lookup

LOOKUPS = [Lookup(f"8.8.{n // 250}.{n % 250}", "ipv4") for n in range(200)]


class Service:
    """Fails for every batch with one of its bad values in."""

    def __init__(self, bad: Sequence[Lookup], problem: Exception) -> None:
        self.bad, self.problem, self.asked = set(bad), problem, 0

    async def ask(self, lookups: Sequence[Lookup]) -> dict[Lookup, Facts]:
        self.asked += 1
        if self.bad & set(lookups):
            raise self.problem
        return dict.fromkeys(lookups, Facts())


def told(service: Service, batch: Sequence[Lookup]) -> dict[Lookup, Facts | Exception]:
    return anyio.run(in_halves, service.ask, batch)


@settings(max_examples=25, deadline=None)
@given(
    bad=st.sets(st.sampled_from(LOOKUPS), max_size=3),
    problem=st.sampled_from([BadReply("cut"), RequestFailed("?", status=422), KeyError("x")]),
)
def test_only_the_bad_values_fail(bad, problem):
    found = told(Service(list(bad), problem), LOOKUPS)
    assert set(found) == set(LOOKUPS)
    assert {each for each, facts in found.items() if facts is problem} == bad
    assert all(found[each] == Facts() for each in LOOKUPS if each not in bad)


@pytest.mark.parametrize(
    "problem", [AccessDenied("no key", status=403), RateLimited("slower", status=429),
                RequestFailed("away", status=503)],
)  # fmt: skip
def test_what_would_fail_again_is_not_asked_again(problem):
    service = Service(LOOKUPS, problem)
    with pytest.raises(type(problem)):
        told(service, LOOKUPS)
    assert service.asked == 1


@pytest.mark.parametrize(("status", "most"), [(500, 3), (400, 61)])
def test_a_service_that_fails_at_everything_is_left_alone(status, most):
    service = Service(LOOKUPS, RequestFailed("?", status=status))
    found = told(service, LOOKUPS)
    assert set(found) == set(LOOKUPS)
    assert all(facts is service.problem for facts in found.values())
    assert service.asked <= most
