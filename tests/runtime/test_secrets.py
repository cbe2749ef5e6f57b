import copy
import json
import pickle
import traceback
from dataclasses import asdict, dataclass

import orjson
import pytest

from huntkit.core.errors import SettingsError
from huntkit.runtime.secrets import PlainSecretWarning, Secret

HIDDEN = "hunter2-never-shown"


@pytest.fixture
def literal() -> Secret:
    with pytest.warns(PlainSecretWarning) as caught:
        secret = Secret(HIDDEN)
    assert HIDDEN not in str(caught[0].message)
    return secret


def test_a_secret_shows_itself_nowhere(literal: Secret) -> None:
    @dataclass
    class Settings:
        key: Secret

    shown = [
        repr(literal), str(literal), f"{literal}", f"{literal!r:>30}", f"{literal:>10}",
        "%s" % literal, "{}".format(literal), repr([literal]), repr({"a": literal}),  # noqa: UP031, UP032
        repr(Settings(literal)), repr(asdict(Settings(literal))), json.dumps([str(literal)]),
        repr(hash(literal)),
    ]  # fmt: skip
    for text in shown:
        assert HIDDEN not in text
    assert f"{literal:>10}" == "      ****"
    assert not hasattr(literal, "__dict__")


def test_a_secret_is_not_in_a_traceback(literal: Secret) -> None:
    def use(secret: Secret) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError, match=r"\*{4}") as caught:
        use(literal)
    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    assert HIDDEN not in "".join(lines)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_can_not_be_pickled(literal: Secret, protocol: int) -> None:
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(literal, protocol)


def test_a_secret_can_not_be_written_as_json(literal: Secret) -> None:
    with pytest.raises(TypeError):
        json.dumps({"key": literal})
    with pytest.raises(TypeError):
        orjson.dumps({"key": literal})
    with pytest.raises(TypeError):
        literal.__getstate__()


def test_a_secret_is_revealed_where_it_is_used(
    literal: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert literal.reveal() == HIDDEN
    assert literal.store == "literal"
    monkeypatch.setenv("QUIETNET_KEY", HIDDEN)
    assert Secret("env:QUIETNET_KEY").reveal() == HIDDEN


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUIETNET_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("QUIETNET_KEY", value)
    with pytest.raises(SettingsError, match="'QUIETNET_KEY' is not set"):
        Secret("env:QUIETNET_KEY").reveal()


@pytest.mark.parametrize("reference", ["env:", "keyring: ", "keyvault:"])
def test_a_reference_that_can_not_work_is_refused(reference: str) -> None:
    with pytest.raises(SettingsError):
        Secret(reference)


def test_what_is_known_to_be_missing_is_said_without_asking(monkeypatch) -> None:
    monkeypatch.setenv("QUIETNET_KEY", HIDDEN)
    assert not Secret("env:QUIETNET_KEY").missing
    assert Secret("env:NO_SUCH_KEY").missing
    assert Secret.held("").missing
    assert not Secret("keyvault:prod/key").missing


def test_a_held_secret_is_as_silent_as_any(recwarn) -> None:
    held = Secret.held(HIDDEN)
    assert held.reveal() == HIDDEN
    assert held == Secret.held(HIDDEN)
    assert held != Secret.held("other")
    assert HIDDEN not in repr(held) + str(held) + f"{held!r}"
    assert len(recwarn) == 0


@pytest.mark.parametrize("literal", ["abc:def", "user:pass", "https://x", "a", "env", "ENV:X", ""])
def test_a_text_that_names_no_store_is_the_secret_itself(literal: str) -> None:
    with pytest.warns(PlainSecretWarning):
        secret = Secret(literal)
    assert (secret.store, secret.reveal()) == ("literal", literal)


def test_equal_secrets_are_equal_and_copies_are_the_same(literal: Secret) -> None:
    assert Secret("env:A") == Secret("env:A")
    assert Secret("env:A") != Secret("env:B")
    assert Secret("env:A") != "env:A"
    assert len({Secret("env:A"), Secret("env:A"), Secret("env:B")}) == 2
    assert copy.deepcopy(literal) is literal
    assert copy.copy(literal) is literal
