import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from huntkit.runtime.settings_nodes import Fault, parsed

SECRET = "s3cr3t-k3y-0123456789"


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"a: [1, 2\nb: 3\n", 2, "no valid YAML"),
        (b"a: 1\n\tb: 2\n", 2, "no valid YAML"),
        (b"- a\n- b\n", 1, "name of a section"),
        (b"just text\n", 1, "name of a section"),
        (b"a: 1\nb: 2\na: 3\n", 3, "second time; the first is in line 1"),
        (b"x:\n  a: 1\n  a: 2\n", 3, "second time"),
        (b"? [1, 2]\n: x\n", 1, "a name that is no text"),
        (b"a: \xff\xfe\n", 0, "no text in UTF-8"),
        (b"a: \x00\n", 0, "no text in UTF-8"),
        (b"a" * 2_000_000, 0, "larger than"),
        (b"a: " + b"[" * 100_000, 0, "nested deeper"),
        (b"a: &a [*a]\n", 0, "refers to itself"),
        (b"a: 1\n---\nb: 2\n", 2, "no valid YAML"),
        (b"<<: 5\na: 1\n", 1, "names no mapping"),
    ],
)
def test_a_broken_file_is_a_fault_with_its_line(content: bytes, line: int, what: str) -> None:
    _, faults = parsed(content)
    assert [fault.line for fault in faults] == [line]
    assert what in str(faults[0])


def test_laughs_do_not_grow() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    root, faults = parsed("\n".join(lines).encode())
    assert root is None
    assert "holds more than" in str(faults[0])


@pytest.mark.parametrize(
    "content",
    [
        f"key: *{SECRET}\n",
        f"key: !{SECRET} x\nb: [",
        f"key: '{SECRET}\n",
        f"key: @{SECRET}\n",
        f"{SECRET}: 1\n{SECRET}: 1\nb: [",
        f"key: {SECRET}: x\n",
        f"key: &{SECRET} x\nk: &{SECRET} y\nx: %{SECRET}",
    ],
)
def test_a_fault_never_quotes_the_file(content: str) -> None:
    _, faults = parsed(content.encode())
    assert faults
    assert all(SECRET not in str(fault) for fault in faults)
    assert "quotes" in str(faults[0])


def test_an_empty_file_has_neither_sections_nor_faults() -> None:
    for content in (b"", b"\n\n", b"# nothing\n", b"---\n", b"~\n"):
        assert parsed(content) == (None, [])


def test_the_usual_encodings_and_line_ends_are_read() -> None:
    for content in (b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "\ufeffa: 1\nb: 2\n".encode("utf-16-le")):
        root, faults = parsed(content)
        assert faults == []
        assert root is not None
        assert [key.value for key, _ in root.value] == ["a", "b"]


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_no_content_raises(content: bytes) -> None:
    root, faults = parsed(content)
    assert root is None or isinstance(root, yaml.MappingNode)
    assert all(isinstance(fault, Fault) for fault in faults)


def test_tags_make_no_objects() -> None:
    root, _ = parsed(b"a: !!python/object/apply:os.system ['touch /tmp/x']\n")
    assert root is not None
    assert isinstance(root.value[0][1], yaml.SequenceNode)
