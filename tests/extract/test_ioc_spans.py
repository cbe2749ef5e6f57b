"""Where indicators stand in their text."""

import polars as pl
import pytest

from huntkit.entities import normal_form, refang
from huntkit.extract import iocs
from huntkit.extract.ioc_spans import span_in


def spans(text: str, ioc_type: str) -> list[str | None]:
    found = iocs(pl.DataFrame({"text": [text]}), ioc_types=ioc_type, spans=True)
    return [
        None if start is None else text[start:end]
        for start, end in found.select("start", "end").iter_rows()
    ]


@pytest.mark.parametrize(
    ("text", "ioc_type", "wanted"),
    [
        ("to 192.0.2.7, then", "ipv4", "192.0.2.7"),
        ("xevil.com_ evil.com", "dns", "evil.com"),
        ("go HXXPS[:]//Evil[.]ex(dot)com/A now", "url", "HXXPS[:]//Evil[.]ex(dot)com/A"),
        ("mail bob[at]example[.]com!", "email", "bob[at]example[.]com"),
        ("é中 ::FFFF:CB00:712D é", "ipv4", "::FFFF:CB00:712D"),
        ("from 2001:DB8:0:0:0:0:0:1:", "ipv6", "2001:DB8:0:0:0:0:0:1"),
        ("net 2001:0DB8::/32", "cidr", "2001:0DB8::/32"),
        ("ev\u200bil.com", "dns", "ev\u200bil.com"),
        ("cve_2021_44228", "cve", "cve_2021_44228"),
        ("at T1059/001.", "attack_technique", "T1059/001"),
        ("00-1A-2B-3C-4D-5E", "mac_address", "00-1A-2B-3C-4D-5E"),
        ('"C:\\\\Temp\\\\a.exe"', "windows_path", "C:\\\\Temp\\\\a.exe"),
        ("MD5=D41D8CD98F00B204E9800998ECF8427E", "md5_hash", "D41D8CD98F00B204E9800998ECF8427E"),
        ("XAS64500 AS64500", "asn", "AS64500"),
        ('{"u":"http:\\/\\/evil.com\\/a"}', "url", "http:\\/\\/evil.com\\/a"),
    ],
)  # fmt: skip
def test_start_and_end_show_the_indicator_as_it_is_written(text, ioc_type, wanted):
    assert spans(text, ioc_type) == [wanted]


def test_a_repeated_indicator_has_the_place_of_its_first_mention():
    found = iocs(pl.DataFrame({"t": ["x 192.0.2.7 y 192.0.2.7"]}), spans=True)
    assert found.select("start", "end").rows() == [(2, 11)]


def test_the_same_piece_twice_in_other_rows_has_its_own_place():
    found = iocs(pl.DataFrame({"t": ["192.0.2.7", "see 192.0.2.7", None]}), spans=True)
    assert found.select("SourceIndex", "start").rows() == [(0, 0), (1, 4)]


def test_without_the_wish_there_are_no_such_columns():
    assert "start" not in iocs(pl.DataFrame({"t": ["192.0.2.7"]})).columns


def test_what_is_written_otherwise_has_no_place():
    assert span_in("GET", "ipv4", "192.0.2.7") is None
    found = iocs(pl.DataFrame({"t": ["u=%68ttp%3A%2F%2F%65vil.com"]}), spans=True)
    assert all(start is None or start >= 0 for start in found["start"])


def test_spans_of_labelled_texts_give_their_indicator_again():
    texts = [
        "hxxp://bad[.]example[.]net/x", "evil(dot)example(dot)com", "203[.]0[.]113[.]77",
        "CVE-2021-44228 and 2001:0db8::0:1", "eve [at] example [dot] com", "AS64500",
    ]  # fmt: skip
    found = iocs(pl.DataFrame({"t": texts}), spans=True)
    for ioc_type, value, text, start, end in found.select(
        "IoCType", "Observable", "Input", "start", "end"
    ).iter_rows():
        assert normal_form(ioc_type, refang(text[start:end])) == value
