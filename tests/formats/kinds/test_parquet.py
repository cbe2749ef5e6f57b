import io

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import FormatError
from huntkit.formats import Limits, ReadOptions
from huntkit.formats.kinds import parquet

FRAME = pl.DataFrame({"a": list(range(5000)), "b": ["x", None] * 2500, "c": [[1], []] * 2500})


def written(how):
    out = io.BytesIO()
    if how == "parquet":
        FRAME.write_parquet(out, row_group_size=1000)
    elif how == "file":
        FRAME.write_ipc(out)
    else:
        table = FRAME.to_arrow()
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
    return out.getvalue()


@pytest.mark.parametrize("how", ["parquet", "file", "stream"])
def test_tables_come_as_they_are(how, read):
    out = read(written(how), "x.bin", limits=Limits(batch_rows=700))
    assert out.format == "parquet"
    assert out.records == FRAME.to_dicts()
    assert out.numbers == list(range(1, 5001))


@pytest.mark.parametrize("how", ["parquet", "file"])
def test_a_file_cut_off_is_said(how, read):
    data = written(how)
    out = read(data[: len(data) // 2])
    assert isinstance(out.error, FormatError)


PARQUET = written("parquet")


@given(
    st.lists(
        st.tuples(st.integers(0, len(PARQUET) - 1), st.integers(0, 255)), min_size=1, max_size=5
    )
)
@settings(max_examples=60, deadline=None)
def test_damaged_files_never_crash_the_reader(changes):
    data = bytearray(PARQUET)
    for at, value in changes:
        data[at] = value
    try:
        for batch in parquet.read(
            io.BytesIO(data), name="x", limits=Limits(), options=ReadOptions()
        ):
            assert len(batch.table) == len(batch.numbers)
    except FormatError:
        pass
