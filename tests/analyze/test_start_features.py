import polars as pl
import pytest

from huntkit.analyze.start_features import doors, features, programs, told

SYSTEM = "C:\\Windows\\System32\\"


def one(parent: str, child: str, command: str = "") -> dict:
    texts = (pl.Series([text], dtype=pl.String) for text in (parent, child, command))
    [row] = features(*texts).to_dicts()
    return row


@pytest.mark.parametrize(
    ("path", "zone"),
    [
        (SYSTEM + "cmd.exe", "system"),
        ("\\??\\C:\\Windows\\System32\\conhost.exe", "system"),
        ("\\Device\\HarddiskVolume3\\Windows\\explorer.exe", "system"),
        ('"C:\\Program Files (x86)\\A b\\c.exe"', "programs"),
        ("C:\\Windows\\Microsoft.NET\\Framework\\csc.exe", "programs"),
        ("C:\\Windows\\Temp\\a.exe", "anybody"),
        ("C:\\Windows\\Fonts\\svchost.exe", "anybody"),
        ("C:\\Users\\al\\a.exe", "anybody"),
        ("D:\\a.exe", "anybody"),
        ("\\\\srv\\share\\a.exe", "anybody"),
        ("/usr/bin/id", "system"),
        ("/opt/app/run", "programs"),
        ("/tmp/.x", "anybody"),
        ("/home/al/x", "anybody"),
        ("cmd.exe", "?"),
    ],
)
def test_folders_have_zones(path, zone):
    assert one("", path)["child_zone"] == zone
    assert one(path, "x")["parent_zone"] == zone


def test_names_are_told_apart_from_their_kinds():
    row = one(SYSTEM + "wscript.exe", SYSTEM + "RunDLL32.exe")
    assert (row["Parent"], row["Child"]) == ("wscript.exe", "rundll#.exe")
    assert (row["parent_kind"], row["child_kind"], row["dual"]) == ("script", "proxy", True)
    assert one("", SYSTEM + "wsmprovhost.exe")["dual"]
    assert not one("", SYSTEM + "svchost.exe")["dual"]
    assert one("C:\\Users\\al\\cv.exe", "cmd.exe")["parent_kind"] == "foreign"
    assert one("C:\\Program Files\\a\\cv.exe", "cmd.exe")["parent_kind"] == ""
    assert all(told(kind) for kind in doors())


def test_programs_in_a_folder_of_anybody_are_one_unit():
    first = one("", "C:\\Users\\al\\AppData\\a1b2\\x.exe")
    other = one("", "C:\\Users\\bo\\AppData\\77c0\\y.exe")
    assert first["target"] == other["target"] == "c:\\users\\<user>\\appdata\\#\\*"
    assert one("", SYSTEM + "a.exe")["target"] != one("", SYSTEM + "b.exe")["target"]


def test_a_name_that_poses():
    assert one("", "C:\\Windows\\Fonts\\csrss.exe")["posed"]
    assert one("", "C:\\Users\\al\\Downloads\\happy.jpeg.exe")["posed"]
    assert one("", "C:\\Users\\al\\Ann\u202egepj.exe")["posed"]
    assert not one("", "C:\\Users\\al\\Downloads\\setup.exe")["posed"]
    assert not one("", SYSTEM + "csrss.exe")["posed"]
    children = pl.Series([SYSTEM + "odd.exe", "C:\\tmp\\odd.exe"])  # known from the evidence only
    blank = pl.Series(["", ""])
    assert features(blank, children, blank)["posed"].to_list() == [False, True]


def test_helpers_and_consoles():
    assert one("C:\\Users\\al\\App\\Update.exe", "C:\\Users\\bo\\App\\1.2\\App.exe")["own"]
    assert not one("C:\\Users\\al\\App\\Update.exe", "C:\\Users\\al\\Other\\App.exe")["own"]
    assert not one("C:\\tmp\\a.exe", "C:\\tmp\\cmd.exe")["own"]  # it poses
    assert one("x.exe", SYSTEM + "conhost.exe")["echo"]
    assert not one("x.exe", "C:\\Windows\\Fonts\\conhost.exe")["echo"]


def test_the_longest_run_of_base64_counts():
    encoded = "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA="
    assert one("", "a.exe", f"a -enc {encoded} {'A' * 50}")["text"] == len(encoded)
    assert one("", "a.exe", "a /x " + "A" * 50)["text"] == 0


def test_folder_and_file_may_stand_apart():
    apart = pl.DataFrame(
        {
            "InitiatingProcessImageFilePath": ["C:\\Windows\\System32", "C:\\a\\b.exe", ""],
            "InitiatingProcessName": ["cmd.exe", "B.exe", "c.exe"],
            "CreatedProcessFilePath": ["C:\\x.exe"] * 3,
            "CreatedProcessName": ["x.exe"] * 3,
            "ProcessTokenElevation": [""] * 3,
        }
    )
    found = programs(apart, "parent")
    assert found is not None
    assert found.to_list() == ["C:\\Windows\\System32\\cmd.exe", "C:\\a\\b.exe", "c.exe"]
    assert programs(pl.DataFrame({"a": [1]}), "parent") is None
