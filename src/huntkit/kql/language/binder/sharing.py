"""Let tables that are used once stand where they are used; the others are computed once."""

from collections import Counter
from dataclasses import fields, replace
from typing import Any

from huntkit.kql.language import plan

_LEAVES = (plan.Lit, plan.Col, plan.Column, str)


def unshare(relation: plan.Relation) -> plan.Relation:
    """The relation without `Shared` nodes that only one place uses."""
    uses: Counter[str] = Counter()
    seen: set[int] = set()
    _count(relation, uses, seen)
    if not uses:
        return relation
    done: dict[int, Any] = {}
    rebuilt: plan.Relation = _rebuild(relation, uses, done)
    return rebuilt


def _children(node: Any) -> list[Any]:
    return [getattr(node, field.name) for field in fields(node) if field.name != "schema"]


def _count(node: Any, uses: Counter[str], seen: set[int]) -> None:
    if isinstance(node, tuple):
        for item in node:
            if not isinstance(item, _LEAVES):
                _count(item, uses, seen)
        return
    if not isinstance(node, plan.Scalar | plan.Relation | plan.SortKey):
        return
    if isinstance(node, plan.Shared):
        uses[node.name] += 1
    if id(node) in seen:
        return
    seen.add(id(node))
    for child in _children(node):
        _count(child, uses, seen)


def _rebuild(node: Any, uses: Counter[str], done: dict[int, Any]) -> Any:
    if isinstance(node, tuple):
        items = [item if isinstance(item, _LEAVES) else _rebuild(item, uses, done) for item in node]
        same = all(a is b for a, b in zip(items, node, strict=True))
        return node if same else tuple(items)
    if not isinstance(node, plan.Scalar | plan.Relation | plan.SortKey):
        return node
    if id(node) in done:
        return done[id(node)][1]
    if isinstance(node, plan.Shared) and uses[node.name] < 2:
        result = _rebuild(node.input, uses, done)
    else:
        changed = {}
        for field in fields(node):
            if field.name == "schema":
                continue
            old = getattr(node, field.name)
            new = _rebuild(old, uses, done)
            if new is not old:
                changed[field.name] = new
        result = replace(node, **changed) if changed else node
    done[id(node)] = (node, result)  # the node is kept, so that its id stays taken
    return result
