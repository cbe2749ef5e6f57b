r"""Where things lie on a host: C:\..., /etc/..., HKLM\..., \\.\pipe\..., Global\..."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.entities import places


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"C:\Windows\a.exe", r"C:\Windows\a.exe"),
        (r"C:\\Windows\\a.exe", r"C:\Windows\a.exe"),
        ("C:\\Windows\\\\a.exe", r"C:\Windows\a.exe"),
        ("C:\\Windows\\", r"C:\Windows"),
        ("c:/Users/bob", "c:/Users/bob"),
        (r"\\host\share\a", r"\\host\share\a"),
        (r"\\\\host\\share", r"\\host\share"),
        (r"\\?\UNC\host\share\a", r"\\?\UNC\host\share\a"),
        (r"\\?\C:\a", r"\\?\C:\a"),
        (r"\Device\HarddiskVolume3\a", r"\Device\HarddiskVolume3\a"),
        (r"%TEMP%\a", r"%TEMP%\a"),
        (r"\\\\Device\\\\HarddiskVolume3\\\\a", r"\Device\HarddiskVolume3\a"),
        (r"C:\file.txt:Zone.Identifier", r"C:\file.txt:Zone.Identifier"),
        ("C:\\", None), (r"C:\..", None), (r"a\b", None), (r"HKLM\a", None),
        (r"\\.\pipe\a", None), (r"\\host\pipe\a", None), (r"C:\a|b", None), ("C:\\a\nb", None),
        (r"\\host", None), ("", None),
    ],
)  # fmt: skip
def test_paths_of_windows(text, wanted):
    assert places.windows_path(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/etc/passwd", "/etc/passwd"), ("/tmp/", "/tmp"), ("~/.ssh/id", "~/.ssh/id"),
        ("$HOME/a", "$HOME/a"), ("/Users/bob/a", "/Users/bob/a"), ("/home/bob/", "/home/bob"),
        ("/data/local/tmp/x", "/data/local/tmp/x"), ("/system/bin/sh", "/system/bin/sh"),
        ("/home/", None), ("/", None), ("/api/v1", None), ("etc/passwd", None), ("/ETC/a", None),
        ("/etc/a\nb", None), ("", None), ("//etc/a", None), ("/data/x", None),
    ],
)  # fmt: skip
def test_paths_of_other_systems(text, wanted):
    assert places.linux_path(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"HKLM\SOFTWARE\a b", r"HKLM\SOFTWARE\a b"),
        (r"hkey_local_machine\SOFTWARE", r"HKEY_LOCAL_MACHINE\SOFTWARE"),
        (r"HKCU:\Software", r"HKCU\Software"),
        (r"Registry::HKEY_USERS\a", r"HKEY_USERS\a"),
        (r"Computer\HKEY_USERS\a", r"HKEY_USERS\a"),
        (r"\REGISTRY\MACHINE\a", r"\REGISTRY\MACHINE\a"),
        (r"\\REGISTRY\\MACHINE\\a", r"\REGISTRY\MACHINE\a"),
        (r"HKLM\\SOFTWARE\\a", r"HKLM\SOFTWARE\a"),
        ("HKLM", None), ("HKLM\\", None), (r"HKXX\a", None), (r"SOFTWARE\a", None),
    ],
)  # fmt: skip
def test_keys(text, wanted):
    assert places.registry_key(text) == wanted


def test_pipes_and_mutexes():
    assert places.named_pipe(r"\\.\pipe\a") == r"\\.\pipe\a"
    assert places.named_pipe(r"\\\\.\\pipe\\a") == r"\\.\pipe\a"
    assert places.named_pipe(r"\lsass") == r"\lsass"
    assert places.named_pipe("lsass") is None
    assert places.mutex(r"Global\abc") == r"Global\abc"
    assert places.mutex(r"\Sessions\1\BaseNamedObjects\abc") is not None
    assert places.mutex(r"Local\Temp") is None
    assert places.mutex(r"Globals\abc") is None


@given(st.text(alphabet="Cc:\\/.% ?|aHKLMRegistyGlob~\n", max_size=40))
def test_normal_forms_are_stable(text):
    for normal in (places.windows_path, places.linux_path, places.registry_key, places.mutex):
        value = normal(text)
        assert value is None or normal(value) == value
