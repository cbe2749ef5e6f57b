from huntkit.core.errors import FormatError
from huntkit.formats.batch import Ledger, as_sample


def test_only_the_first_twenty_skips_of_a_reason_are_shown_all_are_counted():
    ledger = Ledger("x")
    for number in range(1, 101):
        ledger.skip(number, "bad", "text")
    ledger.skip(200, "other", "text")
    batch = ledger.batch([])
    assert [skip.number for skip in batch.skips] == [*range(1, 21), 200]
    assert batch.skipped == {"bad": 100, "other": 1}
    for number in range(101, 201):
        ledger.skip(number, "bad", "text")
    later = ledger.batch([])
    assert later.skips == []
    assert later.skipped == {"bad": 100}
    assert ledger.total == 201


def test_what_is_left_comes_after_the_last_batch_even_before_an_error():
    ledger = Ledger("x")

    def batches():
        yield ledger.batch([1], records=[{}])
        ledger.skip(2, "bad")
        raise FormatError("cut off")

    found = []
    try:
        found.extend(ledger.settle(batches()))
    except FormatError:
        found.append("error")
    assert found[1].skipped == {"bad": 1}
    assert found[1].records == []
    assert found[2] == "error"


def test_samples_are_short_text_whatever_comes():
    assert as_sample(b"\xff" * 1000) == "\\xff" * 30
    assert as_sample("\ud800" * 1000).startswith("\\ud800")
    assert len(as_sample("x" * 1000)) == 120
