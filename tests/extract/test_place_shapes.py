r"""Where paths, keys, pipes and mutexes end in running text."""

import polars as pl
import pytest

from huntkit.extract import iocs


def places(text: str, ioc_type: str) -> list[str]:
    return iocs(pl.DataFrame({"t": [text]}), "t", ioc_types=ioc_type)["Observable"].to_list()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"C:\Program Files\A B\c.exe -x", [r"C:\Program Files\A B\c.exe"]),
        (r'"C:\a b\c d.exe" -k', [r"C:\a b\c d.exe"]),
        (r'"C:\a b\c d -k e"', [r"C:\a b\c d"]),
        (r"C:\a\my file.txt", [r"C:\a\my file.txt"]),  # it fills its line
        (r"copy C:\a\my file.txt to D:\b", [r"C:\a\my", r"D:\b"]),  # nobody can know
        (r"C:\a\b.exe foo\bar", [r"C:\a\b.exe"]),
        (r"C:\a;C:\b,C:\c", [r"C:\a", r"C:\b", r"C:\c"]),
        (r"C:\a\b (1).txt", [r"C:\a\b (1).txt"]),
        (r"C:\a\b.dll+1a2b|C:\c.dll+ff", [r"C:\a\b.dll", r"C:\c.dll"]),
        (r"file=C:\a.log&x=1", [r"C:\a.log"]),
        (r'{"p":"C:\\a\\b.exe\r\n"}', [r"C:\a\b.exe"]),
        (r"\\host\share\x y\z.txt", [r"\\host\share\x y\z.txt"]),
        (r"DOMAIN\\user\\x", []),
        (r"HKLM:\SOFTWARE\x", []),
    ],
)
def test_paths_of_windows(text, wanted):
    assert places(text, "windows_path") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("'/home/bob/a b.txt'", ["/home/bob/a b.txt"]),
        ('"/usr/bin/curl -s x"', ["/usr/bin/curl"]),
        ("/home/bob/a\\ b.txt", ["/home/bob/a b.txt"]),
        ("a=/tmp/x;b=/tmp/y", ["/tmp/x", "/tmp/y"]),
        ('{"exe":"\\"/bin/sh\\""}', ["/bin/sh"]),
        ("GET /etc/passwd HTTP/1.1", []),
        ("C:/Users/bob", []),
        ("http://a.example/usr/bin", []),
    ],
)
def test_paths_of_other_systems(text, wanted):
    assert places(text, "linux_path") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"TargetObject: HKLM\A\B C\D E", [r"HKLM\A\B C\D E"]),
        (r"reg add HKLM\A\B /v C", [r"HKLM\A\B"]),
        (r"reg copy HKLM\A HKCU\B", [r"HKLM\A", r"HKCU\B"]),
        (r'"HKLM\\A B\\C"', [r"HKLM\A B\C"]),
        (r"MYHKLM\A", []),
    ],
)
def test_keys(text, wanted):
    assert places(text, "registry_key") == wanted


def test_a_long_row_of_closing_brackets_is_cut_off_at_once():
    assert places("C:\\a" + ")" * 50_000, "windows_path") == [r"C:\a"]


def test_pipes_and_mutexes_of_text_and_of_json():
    assert places(r'"\\\\.\\pipe\\a", \\.\pipe\b', "named_pipe") == [r"\\.\pipe\a", r"\\.\pipe\b"]
    assert places(r'mutex "Global\\abc" Local\Temp', "mutex") == [r"Global\abc"]
