"""The JavaScript and CSS that lie in the package, built from the repository's folder ``js``."""

import base64
from functools import cache
from importlib.resources import files

_ASSETS = files("huntkit.charts") / "assets"


@cache
def script(name: str) -> str:
    """The text of a script or style sheet: ``page.js``, ``page.css``, ``kinds/timeline.js`` ..."""
    return _ASSETS.joinpath(*name.split("/")).read_text("utf-8")


@cache
def library(name: str) -> str:
    """A gzip-packed library in base64, for the page to inflate: ``echarts``."""
    return base64.b64encode(_ASSETS.joinpath(f"{name}.js.gz").read_bytes()).decode("ascii")
