"""One page, many charts, one copy of each library."""

import base64
import hashlib
import html
import re
from typing import TYPE_CHECKING, Final

from huntkit.charts import bundle
from huntkit.core.errors import UsageError

if TYPE_CHECKING:
    from huntkit.charts.chart import Chart

LIBRARIES: Final = '<template id="hk-libraries"></template>'
"""Where a linked page wants its libraries."""

_NONCE = re.compile(r"[A-Za-z0-9+/_-]{16,128}={0,2}\Z")


class Page:
    """Collects charts for one HTML page, and gives what the page must hold around them.

    Put `head` first into ``<head>`` (a content security policy only rules what follows it), what
    `add` returns where the charts belong, and `tail` at the end of ``<body>``. `head` and `tail`
    are right only after the last `add`.

    Args:
        nonce: the page's nonce, at least 16 characters of base64. By default it is derived from
            the charts, so that the same charts give the same page; content can't name the
            nonce that depends on it.
        linked: whether the page stands in a notebook's live chart: that puts the libraries in
            place of `LIBRARIES`, hears what is chosen, and says what is wanted.

    Examples:
        >>> import huntkit.charts
        >>> import polars as pl
        >>> page = Page(nonce="c29tZXRoaW5nIHJhbmRvbQ")
        >>> chart = huntkit.charts.timeline(pl.DataFrame({"time": ["2026-03-01T10:00:00Z"]}))
        >>> body = page.add(chart)
        >>> page.csp()
        "default-src 'none'; script-src 'nonce-c29tZXRoaW5nIHJhbmRvbQ'; style-src ..."
    """

    def __init__(self, *, nonce: str | None = None, linked: bool = False) -> None:
        if nonce is not None and not _NONCE.match(nonce):
            raise UsageError("a nonce is 16 or more characters of base64", hint="leave it out")
        self._given = nonce
        self._linked = linked
        self._digest = hashlib.sha256()
        self._read = False
        self._kinds: dict[str, None] = {}
        self._libraries: dict[str, None] = {}
        self._origins: dict[str, None] = {}
        self._count = 0

    def add(self, chart: "Chart") -> str:
        """Take a chart in; what comes back is its HTML, to be put where it belongs."""
        if self._read and self._given is None:
            raise UsageError("head(), tail() or csp() was read before the last add()")
        self._count += 1
        self._kinds[chart.kind] = None
        self._libraries.update(dict.fromkeys(chart.libraries))
        self._origins.update(dict.fromkeys(chart.origins))
        snippet = chart.fragment(f"hk-{self._count}")
        self._digest.update(snippet.encode())
        return snippet

    @property
    def nonce(self) -> str:
        """The nonce for script and style elements of the page's own."""
        self._read = True
        if self._given is not None:
            return self._given
        return base64.b64encode(self._digest.digest()[:18]).decode("ascii")

    def csp(self) -> str:
        """The content security policy: only what carries the nonce may run or style.

        Nothing is fetched, except pictures from the servers that a chart's caller named.
        """
        pictures = " ".join(["data:", *self._origins])
        return (
            f"default-src 'none'; script-src 'nonce-{self.nonce}'; style-src 'nonce-{self.nonce}'; "
            f"img-src {pictures}; base-uri 'none'; form-action 'none'"
        )

    def head(self) -> str:
        """The policy and the style sheet."""
        return (
            f'<meta http-equiv="Content-Security-Policy" content="{html.escape(self.csp())}">\n'
            f'<style nonce="{self.nonce}">{bundle.script("page.css")}</style>'
        )

    def tail(self) -> str:
        """The libraries that some chart needs, the scripts of the kinds, and the start."""
        if not self._count:
            return ""
        nonce = self.nonce
        parts = [LIBRARIES]
        if not self._linked:
            # A type that no browser runs: the page inflates it and runs the result by its nonce.
            parts = [
                f'<script type="application/x-packed" id="hk-library-{name}">'
                f"{bundle.library(name)}</script>"
                for name in self._libraries
            ]
        scripts = ["page.js", *(f"kinds/{kind}.js" for kind in self._kinds)]
        parts += [f'<script nonce="{nonce}">{bundle.script(name)}</script>' for name in scripts]
        start = "huntkit.boot({linked: true});" if self._linked else "huntkit.boot();"
        parts.append(f'<script nonce="{nonce}">{start}</script>')
        return "\n".join(parts)


def whole(chart: "Chart", page: Page) -> str:
    """One complete page that holds only this chart."""
    body = page.add(chart)
    title = html.escape(str(chart.spec["title"]))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{page.head()}\n"
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n</head>\n"
        f'<body class="hk-page">\n{body}\n{page.tail()}\n</body>\n</html>\n'
    )
