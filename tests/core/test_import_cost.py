"""What `import huntkit` costs, and that no door is shadowed once everything is loaded."""

import json
import subprocess
import sys

HEAVY = (
    "pandas", "polars", "duckdb", "pyarrow", "IPython", "numpy", "pydantic", "typer", "rich",
    "jinja2", "yaml", "evtx", "tldextract", "platformdirs",
)  # fmt: skip


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def test_the_import_loads_no_data_library() -> None:
    code = f"import huntkit, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_the_import_takes_less_than_a_tenth_of_a_second() -> None:
    # Measured in the child, without the interpreter's own start; the best of several, because
    # other work on the machine only ever adds.
    code = (
        "import time; start = time.process_time(); import huntkit; "
        "print(time.process_time() - start)"
    )
    assert min(float(run(code)) for _ in range(5)) < 0.1


def test_the_packages_doors_cost_no_data_library_either() -> None:
    packages = [
        "charts",
        "core",
        "entities",
        "extract",
        "formats",
        "report",
        "runtime",
        "sources",
        "tables",
        "cli",
    ]
    imports = ", ".join(f"huntkit.{name}" for name in packages)
    code = f"import {imports}, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run(code).strip() == "[]"


EVERYTHING = """
import importlib, json, pkgutil, types
import huntkit

modules, shadowed = [], []
for each in pkgutil.walk_packages(huntkit.__path__, "huntkit."):
    if not each.name.endswith("__main__"):
        modules.append(importlib.import_module(each.name))
for module in [huntkit, *modules]:
    if not hasattr(module, "__path__"):
        continue  # only a package has submodules that could take a door's name
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        is_package = module is huntkit and huntkit._DOORS[name].endswith(":")
        if isinstance(value, types.ModuleType) and not is_package:
            shadowed.append(f"{module.__name__}.{name}")
print(json.dumps([len(modules), shadowed]))
"""


def test_no_door_is_shadowed_by_a_module_once_all_are_loaded() -> None:
    count, shadowed = json.loads(run(EVERYTHING))
    assert count > 20
    assert shadowed == []
