import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core import errors

EVERY = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, errors.HuntkitError)
]


@pytest.mark.parametrize("kind", [each for each in EVERY if each is not errors.HuntkitError])
def test_every_error_is_also_the_builtin_that_it_resembles(kind: type[Exception]) -> None:
    builtin = [c for c in kind.__mro__ if c.__module__ == "builtins" and c not in _ROOTS]
    assert builtin


_ROOTS = (Exception, BaseException, object)


def test_every_error_has_its_own_code() -> None:
    codes = [kind.code for kind in EVERY]
    assert len(codes) == len(set(codes)) > 10


def test_every_error_stands_in_the_tree_of_the_docstring() -> None:
    tree = str(errors.__doc__)
    assert [kind.__name__ for kind in EVERY if kind.__name__ not in tree] == []


def test_the_message_ends_with_the_hint() -> None:
    problem = errors.UsageError("no", hint="try yes", context={"value": 1})
    assert str(problem) == "no (try yes)"
    assert (problem.message, problem.hint, problem.context) == ("no", "try yes", {"value": 1})
    assert str(errors.UsageError("no")) == "no"


def test_unknown_things_name_the_nearest() -> None:
    known = ["SecurityEvent", "Syslog"]
    assert str(errors.UnknownTable("Sislog", known)) == (
        "there is no table 'Sislog' (did you mean 'Syslog'?)"
    )
    assert errors.UnknownTable("x", known).context == {"table": "x", "known": known}
    assert "chart 'tmeline'" in str(errors.UnknownPlugin("chart", "tmeline", ["timeline"]))


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=10))
def test_a_suggestion_is_a_known_name_or_nothing(name: str, known: list[str]) -> None:
    hint = errors.did_you_mean(name, known)
    assert hint == "" or any(repr(each) in hint for each in known)
