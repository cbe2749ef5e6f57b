import pytest

from huntkit.core.errors import UsageError
from huntkit.runtime import Limits


@pytest.mark.parametrize(
    "wrong", [{"concurrency": 0}, {"per_second": -1}, {"per_day": 0}, {"attempts": 0},
              {"longest_wait_s": -1}, {"max_reply_bytes": 0}, {"read_timeout_s": 0}]
)  # fmt: skip
def test_a_limit_of_nothing_is_refused(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(UsageError, match=name):
        Limits(**wrong)  # type: ignore[arg-type]


def test_rates_are_windows() -> None:
    assert Limits().windows() == []
    assert Limits(per_second=2.5, per_hour=1).windows() == [(2, 0.8), (1, 3600.0)]
    assert Limits(longest_wait_s=0).longest_wait_s == 0
