"""One look at a column: what may be in each text."""

import base64

import polars as pl
import pytest

from huntkit.extract.encoded_runs import Signs
from huntkit.extract.encoding_signs import signs

SAYS = b"net user mallory Passw0rd /add"
RUN = base64.b64encode(SAYS).decode()


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        (f"x {RUN}", Signs.RUN),
        (SAYS.hex(), Signs.RUN),
        ("pwsh -e ZABpAHIA", Signs.ANNOUNCED),
        ("pwsh –EncodedCommand ZABpAHIA", Signs.ANNOUNCED),
        (SAYS.hex(" "), Signs.BYTES),
        ("\\x6e\\x65\\x74\\x20", Signs.BYTES),
        ("'aGk' + 'gYWxs'", Signs.PIECES),
        ("%68%69", Signs.PERCENT),
        ("&#104;&#105;&#33;", Signs.HTML),
        (r"\u0069\u0065\u0078\u0020", Signs.CODES),
    ],
)
def test_each_kind_leaves_its_sign(text, sign):
    assert signs(pl.Series([text]))["signs"][0] & sign


@pytest.mark.parametrize(
    "text", ["", "dir /s", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "A" * 500, "%%1936 %20"]
)
def test_plain_texts_have_none(text):
    assert signs(pl.Series([text], dtype=pl.String))["signs"].to_list() == [0]


def test_runs_worth_a_try_come_with_the_text_and_long_ones_where_it_decodes():
    short, long = "a" * 30, "b" * 70
    texts = pl.Series([f"{short} {long} {RUN}", f"{short} {long} {RUN} | base64 -d"])
    bare = RUN.rstrip("=")
    assert signs(texts)["runs"].to_list() == [[bare], [long, bare]]


def test_no_texts_are_no_error():
    assert signs(pl.Series([], dtype=pl.String)).height == 0
