"""`huntkit doctor`: what is installed, where things are kept, what is missing and what to do."""

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import polars as pl

import huntkit
from huntkit.cli.options import Writing
from huntkit.cli.output import emit
from huntkit.cli.target import check_output
from huntkit.core.errors import SettingsError
from huntkit.runtime.session import Session, Settings, default_session
from huntkit.runtime.settings_file import SettingsWarning, load
from huntkit.runtime.settings_place import find

_LIBRARIES = ("polars", "duckdb", "pyarrow", "pandas", "evtx", "orjson", "tldextract", "rich")
_EXTRAS = {"notebook": ("IPython", "ipywidgets", "anywidget")}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def doctor(writing: Writing) -> None:
    """One row per thing looked at: what, state, value, hint."""
    check_output(writing)
    rows = pl.DataFrame(
        [*_versions(), *_settings(), *_cache(), *_extras(), *_browser()],
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


def _settings() -> Iterator[_Row]:
    path, why = find()
    if why:
        yield "settings", "not used", why, ""
    if path is None:
        yield "settings", "ok", "there is no settings file", ""
        return
    file = load(path)
    own: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SettingsWarning)  # they are rows here
            _ = default_session().settings
    except SettingsError as problem:
        faults = problem.context.get("faults")
        own = [str(each) for each in faults] if isinstance(faults, list) else [str(problem)]
    faulty = sorted({*map(str, file.faults), *own})
    yield "settings", "faulty" if faulty else "ok", str(path), "see docs/settings.md" * bool(faulty)
    for each in faulty:
        yield "settings", "fault", each, ""
    for strange in sorted(set(map(str, file.warnings)) - set(faulty)):
        yield "settings", "warning", strange, ""


def _cache() -> Iterator[_Row]:
    try:
        folder = default_session().cache_dir
    except SettingsError:  # told above
        folder = Session(Settings()).cache_dir
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
