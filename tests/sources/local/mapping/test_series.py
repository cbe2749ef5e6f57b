from hypothesis import given
from hypothesis import strategies as st

from huntkit.sources.local.mapping.series import LongTexts
from huntkit.sources.local.mapping.values import to_text

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)  # lone surrogates too
RAW = st.none() | ANY_TEXT | st.integers() | st.booleans() | st.lists(ANY_TEXT, max_size=2)


@given(batches=st.lists(st.integers(0, 3) | st.lists(RAW, max_size=5), max_size=5))
def test_long_texts_come_back_in_their_order_whatever_they_were(
    batches: list[int | list[object]],
) -> None:
    texts, expected = LongTexts(), list[str]()
    for batch in batches:
        if isinstance(batch, int):
            texts.skip(batch)
            expected += [""] * batch
        else:
            texts.add_texts(batch)
            expected += [to_text(each) or "" for each in batch]
    assert len(texts) == len(expected)
    assert texts.column("message").to_list() == expected
    assert texts.bytes == sum(len(each.encode()) for each in expected)


def test_bytes_are_taken_as_they_are() -> None:
    texts = LongTexts()
    texts.add([b'{"a":1}', b"", '{"b":"é"}'.encode()])
    assert texts.column("bag").to_list() == ['{"a":1}', "", '{"b":"é"}']
