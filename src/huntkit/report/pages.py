"""HTML out of templates: everything is escaped, nothing may run but what carries the nonce."""

import base64
import functools
import hashlib
import html
import re
from importlib import resources
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup, escape

from huntkit.core.text import visible
from huntkit.report.sheets import sheet

_ASSETS = "huntkit.report"
_PARTS = re.compile(r"(?<=[._/\\!@])(?=\w)")


def render(template: str, **values: Any) -> str:
    """The text of one template with these values, escaped."""
    return _environment().get_template(template).render(**values)


def asset(name: str) -> str:
    """The text of a file of ours that goes into pages."""
    return resources.files(_ASSETS).joinpath("assets", name).read_text(encoding="utf-8")


def nonce_of(*parts: str) -> str:
    """A nonce that depends on the page's content: the same page again is the same bytes.

    Text inside a page can't name the nonce that depends on it.

    Examples:
        >>> nonce_of("a") == nonce_of("a") != nonce_of("b")
        True
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode("utf-8", "replace")).digest())
    return base64.b64encode(digest.digest()[:18]).decode("ascii")


def table_page(frame: pl.DataFrame, *, title: str) -> str:
    """One self-contained page with one table: all rows, no script at all.

    Examples:
        >>> "&lt;b&gt;" in table_page(pl.DataFrame({"a": ["<b>"]}), title="Hits")
        True
    """
    shown = sheet(frame, title, limit=max(frame.height, 1))
    body = render("table.html.j2", sheet=shown, title=title)
    nonce = nonce_of(body)
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(visible(title))}</title>\n"
        f'<style nonce="{nonce}">{asset("report.css")}</style>\n</head>\n'
        f'<body class="plain">\n{body}\n</body>\n</html>\n'
    )


def breakable(text: str) -> Markup:
    """A name that may be broken between its parts, so that no line ends inside a word.

    Examples:
        >>> breakable("ws01.corp.example")
        Markup('ws01.<wbr>corp.<wbr>example')
        >>> breakable("<b>.x")
        Markup('&lt;b&gt;.<wbr>x')
    """
    return Markup(_PARTS.sub("<wbr>", escape(visible(text))))  # noqa: S704  escaped before


@functools.lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader(_ASSETS, "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters["breakable"] = breakable
    return made


def _shown(value: Any) -> Any:
    """Every text that reaches a page shows its invisible characters; our own HTML passes."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value
