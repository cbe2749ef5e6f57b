import pytest

from huntkit.formats.audit_names import architecture, syscall_name, user_name


@pytest.mark.parametrize(
    ("arch", "number", "name"),
    [
        ("c000003e", "0", "read"),
        ("c000003e", "59", "execve"),
        ("C000003E", "42", "connect"),
        ("c000003e", "322", "execveat"),
        ("40000003", "11", "execve"),
        ("40000003", "102", "socketcall"),
        ("c00000b7", "221", "execve"),
        ("c00000b7", "56", "openat"),
        ("c000003e", str(0x40000000 + 1), "write"),  # x32
        ("x86_64", "execve", "execve"),
        ("c000003e", "99999", ""),
        ("40000028", "11", ""),  # arm: no table here, so no guess
        ("", "59", ""),
        ("c000003e", "²", ""),
        ("c000003e", "9" * 400, ""),
        ("c000003e", "; rm", ""),
    ],
)
def test_system_calls_have_the_names_of_their_architecture(arch, number, name):
    assert syscall_name(arch, number) == name


def test_architectures_and_users():
    assert architecture("c00000b7") == "aarch64"
    assert architecture("40000028") == "arm"
    assert architecture("odd") == "odd"
    assert [user_name(each) for each in ("0", "-1", "4294967295", "65534")] == [
        "root", "unset", "unset", "",
    ]  # fmt: skip
