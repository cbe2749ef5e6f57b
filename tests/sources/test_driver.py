"""What the contract itself does: cancelling, gaps."""

import threading

import pyarrow as pa
import pytest

from huntkit.core.errors import Cancelled
from huntkit.sources.driver import Answer, Cancel, Gap


def test_what_is_to_be_stopped_is_called_once_and_only_while_the_block_runs() -> None:
    cancel, calls = Cancel(), []
    with cancel.calling(lambda: calls.append("over")):
        pass
    with cancel.calling(lambda: calls.append("running")):
        cancel.ask()
        cancel.ask()
    assert calls == ["running"]


def test_what_begins_after_the_stop_is_stopped_at_once() -> None:
    cancel, calls = Cancel(), []
    cancel.ask()
    with cancel.calling(lambda: calls.append("late")), pytest.raises(Cancelled):
        cancel.check()
    assert calls == ["late"]


def test_a_wait_ends_when_the_stop_is_asked() -> None:
    cancel = Cancel()
    threading.Timer(0.05, cancel.ask).start()
    with pytest.raises(Cancelled):
        cancel.wait(60)


def test_an_answer_with_a_gap_is_partial() -> None:
    table = pa.table({"x": [1]})
    assert not Answer(table=table).partial
    assert Answer(table=table, gaps=[Gap("cut off")]).partial
