import subprocess
import sys

import pytest

from huntkit.sources.local import crew
from huntkit.sources.local.crew import SURELY_BYTES, Crew, crew_for, end


@pytest.fixture
def started(monkeypatch):
    """Every process that a crew starts; each waits for the end of its input and does no more."""
    found = []

    def start():
        wait = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
        found.append(subprocess.Popen(wait, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return found[-1]

    monkeypatch.setattr(crew, "start", start)
    yield found
    for process in found:
        process.kill()
        end(process)


def test_who_was_not_taken_goes_with_the_crew_and_who_was_stays(started):
    some = Crew(2)
    taken = some.take()
    some.close()
    assert [process.poll() is None for process in started] == [
        process is taken for process in started
    ]
    assert end(taken) == 0


def test_a_crew_that_is_used_up_starts_another(started):
    some = Crew(1)
    assert [some.take(), some.take()] == started
    assert len(started) == 2


def test_only_large_files_get_processes_in_advance(started):
    crew_for([SURELY_BYTES - 1] * 3).close()
    assert started == []
    crew_for([1, SURELY_BYTES]).close()
    assert started


def test_a_process_that_can_not_start_is_said_only_when_it_is_wanted(monkeypatch):
    def start():
        raise OSError("no more processes")

    monkeypatch.setattr(crew, "start", start)
    some = Crew(2)
    with pytest.raises(OSError, match="no more"):
        some.take()
