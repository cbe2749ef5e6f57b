import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.runtime.redaction import Redactor, hide_from_logs

SECRETS = st.text(min_size=8, max_size=30).filter(lambda text: text.strip("*%\\ ") != "")


@given(secrets=st.lists(SECRETS, min_size=1, max_size=4), around=st.text(max_size=10))
def test_no_spelling_of_any_secret_stays(secrets: list[str], around: str) -> None:
    redactor = Redactor()
    redactor.learn(*secrets)
    for secret in secrets:
        for spelling in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)):
            hidden = redactor.text(f"{around}|{spelling}|{around}")
            assert "****" in hidden
            assert secret not in hidden or secret in f"{around}|****|{around}"


def test_a_secret_within_another_leaves_no_rest() -> None:
    redactor = Redactor()
    redactor.learn("abcdefgh", "abcdefgh-longer-one")
    assert redactor.text("x abcdefgh-longer-one y abcdefgh z") == "x **** y **** z"


def test_short_secrets_and_short_echoes_are_left_alone() -> None:
    redactor = Redactor()
    redactor.learn("abc", "", "eight888", "sixteen-letters!")
    assert redactor.text("abc eight888") == "abc ****"
    assert redactor.echo(b"abc eight888 sixteen-letters!") == b"abc eight888 ****"


def test_logs_are_searched_only_where_one_of_ours_sends(caplog) -> None:
    redactor = Redactor()
    redactor.learn("hidden-secret")
    logger = logging.getLogger("httpcore2.http11")
    with caplog.at_level(logging.DEBUG):
        logger.debug("before %s", "hidden-secret")
        hide_from_logs(redactor)
        try:
            logger.debug("during %s", "hidden-secret")
            logging.getLogger("elsewhere").debug("other %s", "hidden-secret")
        finally:
            hide_from_logs(Redactor())
        logger.debug("after %s", "hidden-secret")
    assert [record.getMessage() for record in caplog.records] == [
        "before hidden-secret",
        "during ****",
        "other hidden-secret",
        "after hidden-secret",
    ]
    assert len(logger.filters) == 1


@pytest.mark.parametrize(
    "secret", ["a/b c&d=e%f+g", "quo\"te's\\back", "line\nbreak-x", "ümläut-€"]
)
def test_awkward_secrets_are_found_in_urls_json_and_reprs(secret: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    for text in (f"?k={quote_plus(secret)}", json.dumps({"k": secret}), repr([secret])):
        assert redactor.text(text).count("****") == 1
