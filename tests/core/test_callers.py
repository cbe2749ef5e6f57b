"""Warnings show the line of whoever called huntkit."""

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from huntkit.core.callers import caller_level


def of_huntkit(code: str, **known: Any) -> Any:
    """A function as if it stood in a module of huntkit."""
    names: dict[str, Any] = {"__name__": "huntkit.some.module", "caller_level": caller_level,
                             "warnings": warnings, **known}  # fmt: skip
    exec(code, names)
    return names["made"]


WARN = "def made():\n    warnings.warn('x', UserWarning, stacklevel=caller_level())\n"


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_the_line_is_the_callers_from_any_depth(depth: int) -> None:
    call: Callable[[], None] = of_huntkit(WARN)
    for _ in range(depth):
        call = of_huntkit("def made():\n    inner()\n", inner=call)
    with pytest.warns(UserWarning, match="x") as caught:
        call()
    assert caught[0].filename == __file__


def test_what_is_worked_out_on_demand_shows_the_caller_too() -> None:
    warn = of_huntkit(WARN)
    kind = type("Kind", (), {"value": functools.cached_property(of_huntkit(
        "def made(self):\n    warn()\n", warn=warn))})  # fmt: skip
    kind.value.__set_name__(kind, "value")  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match="x") as caught:
        _ = kind().value
    assert caught[0].filename == __file__


def test_a_thread_has_a_level_too() -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(caller_level()))
    thread.start()
    thread.join()
    assert found == [1]
