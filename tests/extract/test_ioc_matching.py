"""The search against texts labelled by hand, against hostile ones, and against the clock."""

from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.entities import IOC_TYPES
from huntkit.extract import OwnType, iocs

DATA = Path(__file__).resolve().parents[1] / "data/extract/ioc_matching"
Pair = tuple[str, str]


def labelled() -> list[tuple[str, set[Pair]]]:
    cases = []
    for line in "\n".join((DATA / n).read_text("utf-8") for n in NAMES).splitlines():
        text, arrow, wanted = line.rpartition(" => ")
        if not arrow or line.startswith("#"):
            continue
        pairs = [] if wanted.strip() == "-" else wanted.split(" ;; ")
        text = text.replace("⏎", "\n").replace("⇥", "\t")
        cases.append((text, {tuple(pair.strip().split(" ", 1)) for pair in pairs}))
    return cases


NAMES = ("labelled.txt", "mixed.txt", "unseen.txt")
CASES = labelled()


@pytest.fixture(scope="module")
def answers() -> list[set[Pair]]:
    """What is found in each text, all types searched."""
    frame = pl.DataFrame({"text": [text for text, _ in CASES]})
    found: list[set[Pair]] = [set() for _ in CASES]
    rows = iocs(frame, "text", ioc_types="all").select("SourceIndex", "IoCType", "Observable")
    for place, ioc_type, value in rows.iter_rows():
        found[place].add((ioc_type, value))
    return found


def test_the_labelled_set_is_large_and_holds_tempting_texts_of_nothing():
    true = [pair for _, wanted in CASES for pair in wanted]
    tempting = [text for text, wanted in CASES if not wanted]
    assert len(true) >= 600
    assert len(tempting) >= 200
    rare = {name for name in IOC_TYPES if Counter(kind for kind, _ in true)[name] < 2}
    assert rare <= {"ada_wallet", "xrp_wallet"}


def test_precision_and_recall_are_0_99_for_all_and_for_each_type(answers):
    right, wrong, missed = Counter(), Counter(), Counter()
    for (_, wanted), found in zip(CASES, answers, strict=True):
        right.update(kind for kind, _ in wanted & found)
        wrong.update(kind for kind, _ in found - wanted)
        missed.update(kind for kind, _ in wanted - found)
    table = {name: (right[name], wrong[name], missed[name]) for name in (*IOC_TYPES,)}
    print(f"labelled texts {len(CASES)}; type: right, wrong, missed: {table}")
    for name in IOC_TYPES:
        assert right[name] / (right[name] + wrong[name]) >= 0.99, (name, table[name])
        assert right[name] / (right[name] + missed[name]) >= 0.99, (name, table[name])


def test_each_text_alone_gives_what_it_gives_among_others(answers):
    for (text, _), found in list(zip(CASES, answers, strict=True))[::9]:
        alone = iocs(pl.DataFrame({"text": [text]}), ioc_types="all")
        assert set(alone.select("IoCType", "Observable").rows()) == found


@pytest.mark.parametrize("name", IOC_TYPES)
def test_a_type_that_is_asked_for_alone_gives_what_it_gives_with_all(name, answers):
    frame = pl.DataFrame({"text": [text for text, _ in CASES]})
    alone = iocs(frame, "text", ioc_types=name)
    assert set(alone["IoCType"]) == {name}
    wanted = {
        (i, value) for i, found in enumerate(answers) for kind, value in found if kind == name
    }
    assert set(alone.select("SourceIndex", "Observable").rows()) == wanted


def test_what_is_left_out_comes_with_a_reason_on_demand():
    texts = {
        "MD5=00000000000000000000000000000000": "all zeros: no hash was computed",
        "ja3:9f3f0f1d5c3a4b5c6d7e8f901234abcd": "named as something else than the hash of a file",
        "999.1.2.3": "a number above 255 or with a zero in front",
        "FileVersion: 6.2.1.3": "a version or a number, by the text around it",
        "at 10:20:30 sharp": "a time of day",
        "python setup.py": "a file or program code, by the text around it",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb": "its checksum is wrong",
        "http://evil.example.com:99999/": "not a valid address: its host, port or scheme",
        "AS400": "a computer of IBM",
        "0.1.2.3": "nobody's address",
    }  # fmt: skip
    frame = pl.DataFrame({"text": list(texts)})
    assert iocs(frame).height == 0
    told = iocs(frame, rejected=True)
    assert dict(told.select("Input", "reason").rows()) == texts
    good = iocs(pl.DataFrame({"text": ["192.0.2.1 and 192.0.2.999"]}), rejected=True)
    assert good.select("Observable", "reason").rows() == [
        ("192.0.2.1", ""),
        ("192.0.2.999", "a number above 255 or with a zero in front"),
    ]


def test_a_column_that_holds_something_else_is_a_reason_too():
    frame = pl.DataFrame({"ProductVersion": ["2.7.0.6"]})
    told = iocs(frame, rejected=True)["reason"].to_list()
    assert told == ["the column ProductVersion holds something else"]


def test_of_two_types_for_one_text_the_lower_number_wins():
    frame = pl.DataFrame({"text": ["see evil.example.com"]})
    own = OwnType("our_name", r"evil\.example\.com", priority=1)
    found = iocs(frame, own_types=[own])
    assert found.select("IoCType", "Observable").rows() == [("our_name", "evil.example.com")]
    weak = OwnType("our_name", r"evil\.example\.com", priority=2)  # a draw: the built-in type
    assert iocs(frame, own_types=[weak])["IoCType"].to_list() == ["dns"]


HOSTILE = st.text(
    alphabet=st.sampled_from(
        "aAfFbBcCtT0129.:@/\\%-_[](){}=,;'\"+*&|<>$~^#!?\x00\u202e\u200bй中ßİ\U0001f600 \r\n\t"
    ),
    max_size=200,
)
PIECES = st.sampled_from(
    ["C:\\", "HKLM\\", "\\\\.\\pipe\\", "http://", "[.]", "/etc/", "CVE-2021-", "T1059", "AS64500",
     "0x", "User-Agent: ", "Global\\", "ja3=", "192.0.2.1", "fe80::1", "evil.com", "bob@", "a" * 32,
     "Mozilla/5.0 (", "3:", "{", "%", "\\\\", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.none() | HOSTILE | st.lists(PIECES | HOSTILE, max_size=8).map("".join)))
def test_hostile_frames_never_fail_and_every_row_belongs_to_its_source(texts):
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    found = iocs(frame, "text", ioc_types="all", spans=True, rejected=True)
    assert found["Input"].to_list() == [texts[i] for i in found["SourceIndex"]]
    assert found.filter(pl.col("reason") == "")["Observable"].str.len_bytes().min() != 0
    for text, start, end in found.select("Input", "start", "end").iter_rows():
        assert start is None or 0 <= start < end <= len(text)
    assert not found.select("SourceIndex", "IoCType", "Observable").is_duplicated().any()


UNITS = [
    *("a", "f", "0", "1", ".", ":", "@", "/", "\\", "-", "%", "(", "[", '"', " ", "\n", "é"),
    *("1.", "a.", "::", "@a.", "http://", "a@b.com,", "a[.]com,", "http://a.com/", "fe80::1,"),
    *("C:\\a b\\", '"C:\\a', "HKLM\\a b\\", "\\\\a\\b ", "/usr/", '"/usr/a ', "~/a", "Global\\"),
    *("CVE-2021-", "T1059", "AS1", "aa:", "aaaa.", "0x", "ja3=", "3:aaaaaa:", "pipename:\\"),
    *("Mozilla/5.0 (a) a/1 ", "User-Agent:", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa ", "bc1q"),
]


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_text_of_anything_takes_no_quadratic_time(unit, hang_guard):
    text = (unit * (400_000 // len(unit) + 1))[:400_000]
    with hang_guard():
        iocs(pl.DataFrame({"text": [text]}), "text", ioc_types="all", include_input=False)


@pytest.mark.parametrize("name", IOC_TYPES)
def test_a_long_text_full_of_a_type_takes_no_quadratic_time(name, hang_guard):
    examples = [text for text, wanted in CASES if any(kind == name for kind, _ in wanted)][:20]
    unit = "\n".join(examples) + "\n"
    text = unit * (400_000 // len(unit) + 1)
    with hang_guard():
        iocs(pl.DataFrame({"text": [text]}), "text", ioc_types=name, include_input=False)
