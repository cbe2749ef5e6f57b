"""Whole queries: statements, messages, bounds, and no other error than KqlSyntaxError."""

import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.kql.language import syntax
from huntkit.kql.language.errors import KqlSyntaxError
from huntkit.kql.language.parser import parse
from huntkit.kql.language.tokens import NESTING

TREES = Path(__file__).resolve().parents[2] / "data" / "kql" / "language"
Shape = Callable[[object], str]
Golden = Callable[[str, Callable[[str], str]], None]


def test_statements(golden: Golden, shape: Shape) -> None:
    golden("statements", lambda text: shape(parse(text).statements[0]))


def test_brackets_after_let_are_a_function_only_before_a_body(shape: Shape) -> None:
    assert shape(parse("let x = (T | count)").statements[0]).startswith("(Let name='x' value=(Pipe")
    assert shape(parse("let x = (1 + 2)").statements[0]) == "(Let name='x' value=(1 + 2))"


@pytest.mark.parametrize("text", ["", "// only a comment", "T;", "let a = 1;", "\ufeffT"])
def test_short_queries_are_read(text: str) -> None:
    assert len(parse(text).statements) == (0 if "T" not in text and "let" not in text else 1)


def test_every_node_spans_its_own_text() -> None:
    text = "let a = 5;\nT | where b.c == a and d in ('x') | summarize n = count() by bin(t, 1h)"
    result = parse(text).statements[1]
    pipeline = result.value
    where, summarize = pipeline.operators
    assert text[where.start : where.end] == "where b.c == a and d in ('x')"
    assert text[summarize.start : summarize.end] == "summarize n = count() by bin(t, 1h)"
    left, right = where.condition.left, where.condition.right
    assert text[left.start : left.end] == "b.c == a"
    assert text[left.left.start : left.left.end] == "b.c"
    assert text[right.start : right.end] == "d in ('x')"
    named = summarize.aggregates[0]
    assert text[named.start : named.end] == "n = count()"
    assert text[pipeline.start : pipeline.end] == text[text.index("T |") :]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("T | were a", "line 1, column 5: there is no operator 'were' (did you mean 'where'?)"),
        ("T | project-keepp a", "did you mean 'project-keep'"),
        ("T\n| where a contians 'x'", "line 2, column 11: expected an operator, '|' or ';', found"),
        ("T | where a contians 'x'", "found 'contians' (did you mean 'contains'"),
        ("T | summarize count() byy x", "did you mean 'by'?"),
        ("T | join (U) onn a", "did you mean 'on'?"),
        ("T | order a", "expected 'by' after 'sort' or 'order', found 'a'"),
        ("T | where a not in ('x')", "write '!in'"),
        ("T | where !a", "write 'not(...)'"),
        ("T | where a && b", "write 'and'"),
        ("T | where a || b", "'or' is the logical operator"),
        ("T | where a has ('x', 'y')", "found ',' (a list of values needs an operator"),
        ("T | where (a == 1", "line 1, column 18: expected ')', found the end of the query"),
        ("T | where a == 1)", "')' has no opening partner"),
        ("T | where a == b == c", "'==' can't follow another comparison"),
        ("T | where a in (b) == c", "'==' can't follow another comparison"),
        ("T | where a == 'x", "line 1, column 16: this string has no end on its line"),
        ("T | where a == “x”", "typographic quote"),
        ('T | where a == "C:\\Windows"', "line 1, column 19: '\\\\W' is no escape (write @"),
        ("let a = 1\nT", "each statement but the last ends with ';'"),
        ("let a = 1 5", "expected ';' after the value of let, found '5'"),
        ("let f = (a: strin) { a }", "expected a type, found 'strin' (did you mean 'string'?)"),
        ("| where a", "a query can't start with '|'"),
        (".show tables", "management commands"),
        ("print int(x)", "int(x) is not a literal of int (did you mean 'toint'?)"),
        ("print datatable(a: long, b: long) [1]", "1 values do not fill rows of 2 columns"),
        ("declare query_params(a: long); T", "did you mean 'query_parameters'?"),
        ("T | where by == 1", "written ['by']"),
        ("T | where a == {x}", "a placeholder in braces must be filled in first"),
        ("print 99999999999999999999", "does not fit in long"),
        ("f(T | count)", "found '|' (a pipeline stands in brackets of its own)"),
        ("print dynamic({'a' 'b': 1})", "line 1, column 20: expected ':' after this key"),
        ("T | summarize", "line 1, column 14: expected an aggregate such as count(), or by"),
        (
            "T | summarize | count",
            "line 1, column 15: expected an aggregate such as count(), or by",
        ),
        ("T |", "expected a query operator, such as 'where', found the end of the query"),
    ],
)
def test_messages_say_where_what_was_expected_and_what_is_near(text: str, message: str) -> None:
    with pytest.raises(KqlSyntaxError) as caught:
        parse(text)
    assert message in str(caught.value)


NESTS = [
    ("print ", "(", "1", ")"),
    ("print ", "f(", "1", ")"),
    ("", "print toscalar(", "1", ")"),
    ("print a", "[a", "", "]"),
    ("print dynamic([", "[", "1", "]"),
    ("T ", "| join (T ", "", ") on a"),
    ("", "union (", "T", ")"),
    ("T | ", "fork (", "count", ")"),
    ("T | ", "mv-apply a on (", "count", ")"),
    ("T ", "| partition by a {T ", "| count", "}"),
    ("let f = ", "() { let f = ", "1", "}"),
    ("T | where a ", "in (T | where a ", "== 1", ")"),
]


@pytest.mark.parametrize(("head", "opens", "middle", "closes"), NESTS)
def test_nesting_is_refused_with_a_message(head: str, opens: str, middle: str, closes: str) -> None:
    with pytest.raises(KqlSyntaxError, match="nested"):
        parse(head + opens * 10_000 + middle + closes * 10_000)
    tail = "])" if "dynamic" in head else ""
    parse(head + opens * 30 + middle + closes * 30 + tail)


def test_a_nearly_full_stack_is_no_recursion_error() -> None:
    def sink(depth: int) -> None:
        if depth:
            sink(depth - 1)
        else:
            parse("print " + "(" * (NESTING - 2) + "1" + ")" * (NESTING - 2))

    frame, used = sys._getframe(), 0
    while frame := frame.f_back:
        used += 1
    with pytest.raises(KqlSyntaxError, match="nested too deeply"):
        sink(sys.getrecursionlimit() - used - 120)


@pytest.mark.parametrize(
    "text",
    [
        "T | where " + " or ".join(["a == 'b'"] * 5_000),
        "print " + "+".join(["1"] * 10_000),
        "print a" + ".b" * 10_000,
        "print a" + "[0]" * 10_000,
        "T " + "| where a " * 5_000,
        "T | where a in (" + ",".join(["'b'"] * 10_000) + ")",
        "let a = 1;" * 5_000,
    ],
)
def test_long_is_not_deep(text: str) -> None:
    assert parse(text).end == len(text)


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("head", "piece", "tail"),
    [
        ("T | where ", "a == 'b' or ", "c"),
        ("print ", "((", "1"),
        ("print 1", "1", "."),
        ("print time(1", "1", "d)"),
        ("print datetime(a", " \t", "x)"),
        ("print decimal(1", "1", ")"),
        ("print ", "'", ""),
        ("print ", "`", ""),
        ("print '", "\\n", "'"),
        ("print int(", "int(", ""),
        ("", "// x\n", ""),
        ("T | project-away ", "a*,", "a"),
        ("T | project-away ", "*", ""),
        ("T | extend (", "a,", "a) = f()"),
        ("T | scan ", "(", ""),
        ("T | ", "a-", ""),
        ("T | render x with (a=", "b,", "c)"),
        ("T | parse a with ", "* 'x' b ", "*"),
        ("set a=", "-", ""),
        ("", "\0", ""),
    ],
)
def test_a_megabyte_takes_linear_time(head: str, piece: str, tail: str) -> None:
    def seconds(size: int) -> float:
        text = head + piece * (size // len(piece)) + tail
        start = time.process_time()
        with suppress(KqlSyntaxError):
            parse(text)
        return time.process_time() - start

    eighth, whole = seconds(MEGABYTE // 8), seconds(MEGABYTE)
    assert whole < max(0.5, eighth * 8 * 4)  # quadratic would be 64 times


PIECES = st.sampled_from(["\n", *(TREES / "pieces.txt").read_text("utf-8").split()])


@given(st.lists(PIECES, max_size=40).map(" ".join))
def test_any_mix_of_tokens_parses_or_is_refused(text: str) -> None:
    _parse_or_refuse(text)


@given(st.text(max_size=200))
def test_any_text_parses_or_is_refused(text: str) -> None:
    _parse_or_refuse(text)


@pytest.mark.data
def test_mutated_queries_parse_or_are_refused(corpus: list[dict[str, Any]]) -> None:
    chance = random.Random(3)
    alphabet = "()[]{}|;,.='\"@\\*-+!~:`/ \n0a\u00e9$#"
    for query in chance.sample(corpus, 1_500):
        text = query["query"][:3_000]
        for _ in range(3):
            at = chance.randrange(len(text) + 1)
            until = min(len(text), at + chance.choice([0, 1, 1, 5, 50]))
            put = "".join(chance.choices(alphabet, k=chance.choice([0, 1, 2])))
            text = text[:at] + put + text[until:]
            _parse_or_refuse(text)


def _parse_or_refuse(text: str) -> None:
    refused = None
    try:
        query = parse(text)
    except KqlSyntaxError as error:
        refused = error
    if refused is None:
        _check_places(query, len(text))
    else:
        assert refused.line >= 1
        assert refused.column >= 1
        assert len(str(refused)) < 1_000


def _check_places(query: syntax.Query, length: int) -> None:
    waiting: list[object] = [query]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(node)
        elif isinstance(node, syntax.Node):
            assert 0 <= node.start <= node.end <= length
            waiting.extend(getattr(node, name) for name in node.__dataclass_fields__)


@pytest.mark.data
def test_the_corpus_is_accepted_and_refused_as_by_microsoft(corpus: list[dict[str, Any]]) -> None:
    verdicts: dict[bool, list[bool]] = {True: [], False: []}
    for query in corpus:
        try:
            parse(query["query"])
            accepted = True
        except KqlSyntaxError:
            accepted = False
        verdicts[query["parses"]].append(accepted)
    assert sum(verdicts[True]) >= 0.999 * len(verdicts[True])
    assert sum(verdicts[False]) == 0


@pytest.mark.data
def test_operators_and_calls_are_those_that_microsoft_sees(corpus: list[dict[str, Any]]) -> None:
    different = 0
    for query in corpus:
        if not query["parses"]:
            continue
        try:
            calls, operators = _used(parse(query["query"]))
        except KqlSyntaxError:
            continue
        expected = {name.removesuffix("Operator") for name in query["operators"]}
        expected = {{"where": "Where", "ParseWhere": "Parse"}.get(name, name) for name in expected}
        same_calls = calls - {"materialize", "toscalar"} == set(query["functions"])
        different += not same_calls or operators != expected
    assert different <= 1  # one query uses scan


def _used(query: syntax.Query) -> tuple[set[str], set[str]]:
    calls: set[str] = set()
    operators: set[str] = set()
    waiting: list[object] = [query]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(node)
        elif isinstance(node, syntax.Node):
            if isinstance(node, syntax.Call):
                calls.add(node.name)
            if isinstance(node, syntax.Operator):
                operators.add(type(node).__name__)
            waiting.extend(getattr(node, name) for name in node.__dataclass_fields__)
    return calls, operators
