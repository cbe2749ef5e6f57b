import gc

import pytest

from huntkit.core.collector import no_collector


def test_the_collector_is_as_it_was_afterwards_whatever_happens():
    assert gc.isenabled()

    def fail():
        with no_collector():
            assert not gc.isenabled()
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    assert gc.isenabled()
    gc.disable()
    try:
        with no_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
