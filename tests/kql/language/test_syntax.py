import importlib
import inspect
import pkgutil
from dataclasses import FrozenInstanceError

import pytest

from huntkit.kql.language import syntax


def test_every_node_is_a_name_of_the_tree() -> None:
    modules = [f"{syntax.__name__}.{each.name}" for each in pkgutil.iter_modules(syntax.__path__)]
    nodes = {
        name
        for module in map(importlib.import_module, modules)
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
    }
    assert len(nodes) > 60
    assert nodes | {"Parameters", "Scalar"} == set(syntax.__all__)


def test_nodes_say_where_they_stand_and_do_not_change() -> None:
    node = syntax.As(start=2, end=6, name="x")
    assert isinstance(node, syntax.Operator)
    assert not isinstance(node, syntax.Expr)
    assert node == syntax.As(start=2, end=6, name="x")
    with pytest.raises(FrozenInstanceError):
        node.name = "y"  # type: ignore[misc]
