"""The borders of records in documents of any size."""

from huntkit.formats.limits import Limits


def test_an_object_of_named_events_is_read_whatever_the_batches_and_damage(read) -> None:
    event = '"event_%d": {"__container_type__": "event", "n": %d, "timestamp_desc": "x"}'
    text = "{" + "\n, ".join(event % (at, at) for at in range(300)) + "\n}"
    for size in (64, 1_000, 1 << 20):
        limits = Limits(batch_bytes=size)
        out = read(text.encode(), limits=limits)
        assert [record["n"] for record in out.records] == list(range(300)), size
        assert not out.skipped
    broken = text.replace('"n": 5,', '"n": 5 "', 1)
    out = read(broken.encode(), limits=Limits(batch_bytes=500, max_document_bytes=900))
    kept = [record["n"] for record in out.records]
    assert kept[:5] == [0, 1, 2, 3, 4]
    assert kept[-1] == 299
    assert 280 < len(kept) < 300
    assert out.skipped
    cut = read(text[:-40].encode())
    assert [record["n"] for record in cut.records] == list(range(299))
    assert cut.skipped == {"cut off": 1}
