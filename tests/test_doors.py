"""The public doors: `__all__` of every package is sorted, complete and says what is there."""

import ast
import importlib
from pathlib import Path

import pytest

import huntkit

ROOT = Path(huntkit.__file__).parent
DOORS = ["huntkit"] + [
    f"huntkit.{path.parent.relative_to(ROOT).as_posix().replace('/', '.')}"
    for path in sorted(ROOT.glob("*/__init__.py"))
    if "__all__" in path.read_text(encoding="utf-8")
]


def shown_to_type_checkers(package: str) -> set[str]:
    """The names that a package imports from huntkit for type checkers, or defines itself."""
    module = importlib.import_module(package)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            for each in node.body:
                assert isinstance(each, ast.ImportFrom)
                names.update(alias.asname or alias.name for alias in each.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            names.add(node.name)
    return names


def as_ruff_sorts(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_the_public_packages_have_doors() -> None:
    wanted = ["charts", "cli", "entities", "extract", "formats", "report", "runtime", "sources",
              "tables"]  # fmt: skip
    assert {"huntkit", *(f"huntkit.{name}" for name in wanted)} <= set(DOORS)


@pytest.mark.parametrize("package", DOORS)
def test_all_is_sorted_and_without_doubles(package: str) -> None:
    names = list(importlib.import_module(package).__all__)
    assert names == sorted(set(names), key=as_ruff_sorts)


@pytest.mark.parametrize("package", DOORS)
def test_all_is_what_type_checkers_see(package: str) -> None:
    assert set(importlib.import_module(package).__all__) == shown_to_type_checkers(package)


@pytest.mark.parametrize("package", DOORS)
def test_every_name_is_there_documented_and_completes(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        value = getattr(module, name)
        if callable(value):
            assert (value.__doc__ or "").strip(), f"{package}.{name} has no docstring"
    assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("package", DOORS)
def test_a_name_that_is_not_there_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        importlib.import_module(package).no_such_name  # noqa: B018
