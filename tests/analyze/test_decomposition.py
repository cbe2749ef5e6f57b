import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.analyze.decomposition import decomposed, spread
from huntkit.core.errors import MissingExtra

DAY = 24
HOURS = np.arange(DAY * 14)
SERIES = 100 + 0.1 * HOURS + 10 * np.sin(2 * np.pi * HOURS / DAY)


@pytest.mark.parametrize("robust", [True, False])
def test_stl_is_that_of_statsmodels(robust):
    seasonal = pytest.importorskip("statsmodels.tsa.seasonal")
    series = SERIES + np.random.default_rng(1).normal(size=len(HOURS))
    found = decomposed(series, periods=(DAY,), seasonal=7, robust=robust, method="stl")
    wanted = seasonal.STL(series, period=DAY, seasonal=7, robust=robust).fit()
    for part, other in (
        ("trend", "trend"),
        ("seasonal", "seasonal"),
        ("residual", "resid"),
        ("weights", "weights"),
    ):
        assert getattr(found, part).tolist() == getattr(wanted, other).tolist()


def test_several_periods_are_those_of_mstl():
    seasonal = pytest.importorskip("statsmodels.tsa.seasonal")
    series = SERIES + 5 * np.sin(2 * np.pi * HOURS / 60)
    found = decomposed(series, periods=(DAY, 60), seasonal=7, robust=False, method="stl")
    wanted = seasonal.MSTL(series, periods=(DAY, 60), stl_kwargs={"robust": False}).fit()
    assert found.seasonal.tolist() == wanted.seasonal.sum(axis=1).tolist()
    assert found.residual.tolist() == wanted.resid.tolist()


@given(st.integers(0, len(HOURS) - 1), st.floats(-200, 200).filter(lambda size: abs(size) > 30))
def test_the_light_method_leaves_a_single_outlier_in_the_rest(place, size):
    series = SERIES.copy()
    series[place] += size
    found = decomposed(series, periods=(DAY,), seasonal=7, robust=False, method="light")
    assert np.allclose(found.trend + found.seasonal + found.residual, series)
    assert np.abs(found.residual).argmax() == place
    assert found.residual[place] == pytest.approx(size, abs=8)


def test_the_light_method_knows_a_season_exactly():
    series = np.tile([1.0, 5.0, 2.5], 20)
    found = decomposed(series, periods=(3,), seasonal=7, robust=False, method="light")
    assert np.abs(found.residual).max() == 0


def test_spread_by_hand():
    residual = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    assert spread(residual, 100, robust=True) == (3.0, pytest.approx(1.4826))
    assert spread(residual, 100, robust=False) == (22.0, pytest.approx(residual.std()))
    mostly_same = np.array([0.0] * 9 + [10.0])
    assert spread(mostly_same, 10, robust=True) == (0.0, pytest.approx(1.2533))
    assert spread(np.full(5, 1e-14), 1.0, robust=True)[1] == 0
    assert spread(np.empty(0), 0, robust=True) == (0.0, 0.0)


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(
        "huntkit.analyze.decomposition.require",
        lambda module, extra: (_ for _ in ()).throw(MissingExtra(module, extra)),
    )
    with pytest.raises(MissingExtra, match=r"huntkit\[ml\]"):
        decomposed(SERIES, periods=(DAY,), seasonal=7, robust=False, method="stl")
    decomposed(SERIES, periods=(DAY,), seasonal=7, robust=False, method="light")


def test_without_a_season_the_points_around_tell_what_is_usual():
    values = np.full(100, 7.0)
    values[50] = 90.0
    found = decomposed(values, periods=(1,), seasonal=7, robust=False, method="light")
    assert found.seasonal.tolist() == [0.0] * 100
    assert found.trend.tolist() == [7.0] * 100
    assert np.flatnonzero(found.residual).tolist() == [50]
