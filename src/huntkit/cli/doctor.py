"""`huntkit doctor`: what is installed, where things are kept, what is missing and what to do."""

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl

import huntkit
from huntkit.cli.options import Writing
from huntkit.cli.output import emit
from huntkit.cli.target import check_output
from huntkit.runtime.session import default_session

_LIBRARIES = ("polars", "duckdb", "pyarrow", "pandas", "evtx", "orjson", "tldextract", "rich")
_EXTRAS = {"notebook": ("IPython", "ipywidgets", "anywidget")}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def doctor(writing: Writing) -> None:
    """One row per thing looked at: what, state, value, hint."""
    check_output(writing)
    rows = pl.DataFrame(
        [*_versions(), *_cache(), *_extras(), *_browser()],
        schema=["what", "state", "value", "hint"],
        orient="row",
    )
    emit(rows, writing, title="huntkit doctor")


_Row = tuple[str, str, str, str]


def _versions() -> Iterator[_Row]:
    yield "huntkit", "ok", huntkit.__version__, ""
    old = sys.version_info < (3, 11)
    yield (
        "python",
        "too old" if old else "ok",
        f"{platform.python_version()} ({sys.executable})",
        "install Python 3.11 or newer" if old else "",
    )
    yield "platform", "ok", platform.platform(), ""
    for name in _LIBRARIES:
        try:
            yield name, "ok", importlib.metadata.version(name), ""
        except importlib.metadata.PackageNotFoundError:
            yield name, "missing", "", "run: pip install --force-reinstall huntkit"


def _cache() -> Iterator[_Row]:
    folder = default_session().cache_dir
    if not folder.exists():
        yield "cache", "ok", f"{folder} (not made yet)", ""
        return
    size, files = 0, 0
    for path in folder.rglob("*"):
        if path.is_file():
            files += 1
            size += path.stat().st_size
    free = shutil.disk_usage(folder).free
    low = free < 2 << 30
    yield (
        "cache",
        "disk nearly full" if low else "ok",
        f"{folder}: {size / 1e6:,.1f} MB in {files:,} files, {free / 1e9:,.1f} GB free",
        f"remove {folder / 'evidence'}, or give --cache-dir another disk" if low else "",
    )


def _extras() -> Iterator[_Row]:
    for extra, modules in _EXTRAS.items():
        missing = [name for name in modules if importlib.util.find_spec(name) is None]
        yield (
            f"extra {extra}",
            "not installed" if missing else "ok",
            "missing: " + ", ".join(missing) if missing else ", ".join(modules),
            f'run: pip install "huntkit[{extra}]"' if missing else "",
        )


def _browser() -> Iterator[_Row]:
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    yield (
        "chromium",
        "ok" if found else "not found",
        str(Path(found)) if found else "",
        "" if found else "only our browser tests need it: apt-get install chromium",
    )
