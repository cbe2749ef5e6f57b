import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import FormatError
from huntkit.formats import Limits, ReadOptions
from huntkit.formats.kinds import evtx

# Its JSON was made otherwise: the time is "26.751156500Z" for "26.751156Z", and the parent's
# command line ends in "Explorer.exe" where the file says "Explorer.EXE".
EXCEPTION = "ad691d92-15f2-4181-9aa4-723c74f9ddc3"


def stripped(value):
    if isinstance(value, dict):
        return {key: stripped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [stripped(inner) for inner in value]
    return value.rstrip() if isinstance(value, str) else value


def concatenated(text):
    decoder = json.JSONDecoder()
    at, found = 0, []
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


@pytest.fixture
def samples(shared_data):
    return sorted((shared_data / "evtx").rglob("*.evtx"))


@pytest.mark.data
def test_every_sample_equals_the_json_beside_it(samples, read):
    assert len(samples) == 73
    different = []
    for path in samples:
        out = read(path.read_bytes(), "no name that helps")
        assert out.format == "evtx"
        assert not out.skipped
        assert out.error is None
        expected = concatenated(path.with_suffix(".json").read_text("utf-8-sig").strip())
        assert out.numbers == [r["Event"]["System"]["EventRecordID"] for r in out.records]
        if stripped(out.records) != stripped(expected):
            different.append(path.stem)
    assert different == [EXCEPTION]


@pytest.mark.data
def test_the_json_beside_each_sample_is_read_as_the_same_records(samples, read):
    for path in samples:
        text = path.with_suffix(".json").read_bytes()
        out = read(text)
        assert out.format == "json"
        assert out.records == concatenated(text.decode("utf-8-sig").strip())


@pytest.mark.data
def test_a_file_cut_off_inside_its_chunk_gives_the_records_before_the_cut(samples, read):
    data = samples[0].read_bytes()
    whole = read(data)
    out = read(data[: len(data) // 2])
    assert out.records == whole.records
    assert "cut off" in str(out.error)


@pytest.mark.data
def test_a_damaged_chunk_is_skipped_and_said(samples, read):
    data = bytearray(samples[0].read_bytes())
    data[4096:4100] = b"XXXX"
    out = read(bytes(data))
    assert out.records == []
    assert out.skipped["chunk is damaged"] == 1


@pytest.mark.data
def test_a_damaged_chunk_does_not_take_the_next_one_with_it(samples, read):
    one, two = samples[0].read_bytes(), samples[1].read_bytes()
    both = bytearray(one + two[4096:])
    both[42:44] = (2).to_bytes(2, "little")
    assert len(read(bytes(both)).records) == 2
    both[4096 + 600 : 4096 + 900] = b"\xff" * 300
    out = read(bytes(both))
    assert out.records == read(two).records
    assert sum(out.skipped.values()) == 1


def test_only_a_header_is_said(read):
    out = read(b"ElfFile\0" + bytes(50))
    assert isinstance(out.error, FormatError)


@pytest.mark.data
def test_damaged_samples_never_crash_the_reader(samples):
    originals = [path.read_bytes() for path in samples[:20]]

    changed = st.tuples(st.integers(0, 12_000), st.integers(0, 255))

    @given(st.sampled_from(originals), st.integers(0, 70_000), st.lists(changed, max_size=20))
    @settings(max_examples=150, deadline=None)
    def run(original, length, changes):
        data = bytearray(original)
        for at, value in changes:
            data[at] = value
        data = data[:length] if length < 69_632 else data
        try:
            for batch in evtx.read(
                io.BytesIO(data), name="x", limits=Limits(), options=ReadOptions()
            ):
                assert len(batch.records) == len(batch.numbers)
        except FormatError:
            pass

    run()


@pytest.mark.parametrize(
    ("told", "header", "number"), [(8, 1, 8), (1 << 63, 7, 7), ("x", 7, 7), (1 << 63, 1 << 63, 0)]
)
def test_a_damaged_record_number_costs_no_record(told, header, number):
    assert evtx._number({"Event": {"System": {"EventRecordID": told}}}, header) == number
