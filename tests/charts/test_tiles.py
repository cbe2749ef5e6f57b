import polars as pl
import pytest

from huntkit import charts
from huntkit.charts import Tiles
from huntkit.charts.page import Page
from huntkit.core.errors import Offline, UsageError
from huntkit.runtime.session import Session, Settings

HERE = pl.DataFrame({"Latitude": [48.2], "Longitude": [16.4]})
URL = "https://tiles.example/v1/{z}/{x}/{y}.png?key=abc"


def tiles(url: str = URL) -> Tiles:
    return Tiles(url=url, attribution="© Example")


@pytest.mark.parametrize(
    "url",
    [
        "https://tiles.example/{z}/{x}.png",
        "https://tiles.example/{z}/{x}/{y}/{s}.png",
        "https://tiles.example; script-src *//{z}/{x}/{y}",
        "https://tiles.example /{z}/{x}/{y}",
        "https://*/{z}/{x}/{y}",
        "https://user:pass@tiles.example/{z}/{x}/{y}",
        "https://{x}.tiles.example/{z}/{x}/{y}",
        "https://{x}.tiles.example/{z}/{y}",
        "javascript:alert({z}{x}{y})",
        "data:image/png,{z}{x}{y}",
        "//tiles.example/{z}/{x}/{y}",
        "https://tiles.example/{z}/{x}/{y}'><script>",
        "https://tiles.example/{z}/{x}/{y}\n",
        "",
    ],
)
def test_what_is_no_address_of_tiles_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no address of tiles"):
        tiles(url)


def test_tiles_have_an_owner_and_a_depth() -> None:
    with pytest.raises(UsageError, match="owner"):
        Tiles(url=URL, attribution=" ")
    with pytest.raises(UsageError, match="deepest"):
        Tiles(url=URL, attribution="x", deepest=99)


def test_without_tiles_no_map_asks_anybody() -> None:
    chart = charts.geo_map(HERE)
    assert chart.origins == ()
    page = Page()
    page.add(chart)
    assert "img-src data:;" in page.csp()


def test_the_policy_is_opened_for_that_server_alone() -> None:
    chart = charts.geo_map(HERE, tiles=tiles("https://Tiles.example:8443/{z}/{x}/{y}"))
    page = Page()
    page.add(chart)
    assert "img-src data: https://tiles.example:8443; base-uri" in page.csp()
    assert page.csp().count("https://") == 1
    assert "default-src 'none'" in page.csp()
    assert "asks https://tiles.example:8443" in chart.summary


def test_an_offline_session_refuses_tiles_and_draws_the_countries() -> None:
    offline = Session(Settings(offline=True))
    with pytest.raises(Offline, match="session is offline"):
        charts.geo_map(HERE, tiles=tiles(), session=offline)
    assert charts.geo_map(HERE, session=offline).origins == ()
