import json
import math
import zipfile

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.analyze import unusual_starts
from huntkit.core.errors import UnknownColumn, UsageError

SYSTEM = "C:\\Windows\\System32\\"


def starts(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        list(rows), schema=["ParentImage", "Image", "CommandLine"], orient="row"
    ).with_columns(Computer=pl.lit("a"))


USUAL = [(SYSTEM + "services.exe", SYSTEM + "svchost.exe", "svchost -k a")] * 60


def test_the_score_is_what_counting_by_hand_gives():
    """One shell from a user's folder among ten starts: every part is counted below."""
    rows = [*USUAL[:8], (SYSTEM + "services.exe", SYSTEM + "cmd.exe", "cmd /c a")]
    rows.append(("C:\\Users\\al\\x.exe", SYSTEM + "cmd.exe", "cmd /c b"))
    found = unusual_starts(starts(*rows)).to_dicts()
    first = found[0]
    assert (first["Parent"], first["Child"], first["Command"]) == ("x.exe", "cmd.exe", "cmd /c b")
    bits = {
        # Of the 1 start by that folder, 1 is as rare; of all 10, 2 are; 4 starts as all are.
        "of_parent": -math.log2((1 + 4 * 2 / 10) / 5),
        # Of the 2 of cmd.exe, both pairs are as rare.
        "of_child": -math.log2((2 + 4 * 2 / 10) / 6),
        "child": -math.log2(2 / 10) / 2,  # cmd.exe: 2 starts; as rare: 2
        "parent": -math.log2(1 / 10) / 2,
        # Letters stay, so cmd has two patterns of one start each; of all, 2 are as rare.
        "command": -math.log2((2 + 4 * 2 / 10) / 6),
        "parent_folder": -math.log2((1 + 1) / (10 + 2)),
        "kinds": -math.log2(1 / 10) / 2,
    }
    assert first["score"] == pytest.approx(sum(bits.values()))
    assert first["reason"].startswith("started from a folder that users can write to, as 1 of 10")
    assert "a program from outside the program folders starts a shell: 1 of 10" in first["reason"]
    assert first["SourceIndex"] == 9


def test_programs_of_one_open_folder_are_one_row():
    tools = [(SYSTEM + "cmd.exe", f"C:\\tmp\\{name}.exe", name) for name in ("a", "b", "svchost")]
    found = unusual_starts(starts(*USUAL, *tools)).to_dicts()
    [row] = [each for each in found if each["Programs"] > 1]
    assert (row["Child"], row["Count"], row["Programs"]) == ("svchost.exe", 3, 3)


def test_a_parent_that_always_starts_something_new_surprises_nobody():
    many = [
        (SYSTEM + "cmd.exe", f"C:\\Program Files\\{n}\\{chr(97 + n)}.exe", "") for n in range(20)
    ]
    known = [(SYSTEM + "svchost.exe", "C:\\Program Files\\z\\known.exe", "")] * 19
    odd = (SYSTEM + "svchost.exe", "C:\\Program Files\\z\\odd.exe", "")
    found = unusual_starts(starts(*many, *known, odd))
    assert found["Child"][0] == "odd.exe"


def test_the_same_start_told_by_two_logs_is_one():
    two = pl.DataFrame(
        {
            "Computer": ["WS", "ws", "ws"],
            "ProcessId": [7, 7, 8],
            "Image": ["C:\\a\\x.exe"] * 3,
            "ParentImage": [None, "C:\\Windows\\explorer.exe", None],
        }
    )
    assert unusual_starts(two)["Count"].sum() == 2
    assert unusual_starts(two.drop("ParentImage"))["Count"].sum() == 3


def test_it_does_without_parents_paths_and_commands():
    found = unusual_starts(
        pl.DataFrame({"process_name": ["a"] * 9 + ["b"]}), process_column="process_name"
    )
    assert found.select("Parent", "Child", "Count").rows()[0] == ("", "b", 1)
    assert found["reason"][0].startswith("b is 1 of 10 starts")


@pytest.mark.parametrize("rows", [[], [("", "", "")], [(None, None, None)], [USUAL[0]]])
def test_empty_null_and_single(rows):
    frame = pl.DataFrame(
        rows,
        schema={"ParentImage": pl.String, "Image": pl.String, "CommandLine": pl.String},
        orient="row",
    )
    found = unusual_starts(frame)
    assert found.height == (1 if rows and rows[0][1] else 0)
    assert found.columns == unusual_starts(starts(*USUAL)).columns
    assert found["score"].to_list() == [0.0] * found.height


def test_wrong_columns():
    with pytest.raises(UnknownColumn, match="Imag"):
        unusual_starts(starts(*USUAL), process_column="Imag")
    with pytest.raises(UsageError, match="process_path"):
        unusual_starts(pl.DataFrame({"a": [1]}))


def test_the_order_of_rows_does_not_matter_and_pandas_keeps_its_index():
    rows = [*USUAL, ("C:\\tmp\\x.exe", SYSTEM + "cmd.exe", "cmd"), (None, SYSTEM + "cmd.exe", "b")]
    one, two = (unusual_starts(starts(*each)).drop("SourceIndex") for each in (rows, rows[::-1]))
    assert one.sort("Parent", "Child").equals(two.sort("Parent", "Child"))
    frame = pd.DataFrame({"Image": ["C:\\a.exe", "C:\\tmp\\b.exe", None]}, index=[5, 6, 7])
    assert set(unusual_starts(frame)["SourceIndex"]) <= {5, 6}


_TEXT = st.one_of(
    st.none(), st.text(max_size=30), st.sampled_from(["C:\\x\\", "\\", "//", '"', "cmd.exe", "*"])
)


@settings(max_examples=40)
@given(st.lists(st.tuples(_TEXT, _TEXT, _TEXT), max_size=12))
def test_any_text_gives_finite_scores_and_loses_no_named_start(rows):
    frame = pl.DataFrame(
        rows,
        schema={"ParentImage": pl.String, "Image": pl.String, "CommandLine": pl.String},
        orient="row",
    )
    found = unusual_starts(frame)
    assert all(math.isfinite(score) and score >= 0 for score in found["score"])
    assert found["score"].to_list() == sorted(found["score"], reverse=True)
    assert all(found["reason"].str.len_chars() > 0)
    named = [r for r in rows if (r[1] or "").strip(' "').replace("\\", "/").rsplit("/", 1)[-1]]
    assert found["Count"].sum() == len(named)


LAUNCHES = [
    ("execution/host/empire_launcher_vbs.zip", "-enc"),
    ("execution/host/empire_launcher_vbs.zip", "launcher.vbs"),
    ("lateral_movement/host/empire_psexec_dcerpc_tcp_svcctl.zip", "/C start /b"),
    ("defense_evasion/host/covenant_lolbin_wuauclt_createremotethread.zip", "/c C:"),
    ("lateral_movement/host/covenant_psremoting_command.zip", "wsmprovhost"),
    ("execution/host/psh_python_webserver.zip", "advfirewall|http.server"),
    ("defense_evasion/host/psh_mshta_html_application_execution.zip", ".hta"),
    ("discovery/host/cmd_seatbelt_group_user.zip", "Seatbelt"),
    ("execution/host/cmd_sharpview_pcre_net.zip", "SharpView"),
    ("lateral_movement/host/purplesharp_ad_playbook_I.zip", "PurpleSharp"),
]


@pytest.fixture(scope="module")
def two_machines(shared_data):
    """1,927 real starts of two machines; some of them are attacks of their own."""
    logs = shared_data / "logs"
    first = pl.read_csv(logs / "mde_proc_cs1.csv", infer_schema=False)
    second = pl.read_csv(logs / "processes_on_host.csv", infer_schema=False)
    return pl.concat(
        [
            first.select(
                ParentImage=pl.concat_str(
                    "InitiatingProcessImageFilePath", pl.lit("\\"), "InitiatingProcessName"
                ),
                Image="CreatedProcessFilePath",
                CommandLine="CreatedProcessCommandLine",
                Computer="ComputerDnsName",
            ),
            second.select(
                ParentImage="ParentProcessName",
                Image="NewProcessName",
                CommandLine="CommandLine",
                Computer="Computer",
            ),
        ]
    )


@pytest.mark.data
@pytest.mark.parametrize(("archive", "words"), LAUNCHES)
def test_launches_of_attacks_are_in_the_top_twenty(shared_data, two_machines, archive, words):
    """Each attack's few starts, pooled with those of the two machines."""
    rows = []
    path = shared_data / "security-datasets/atomic/windows" / archive
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            for line in packed.read(name).splitlines():
                event = json.loads(line)
                if event.get("EventID") == 1 and "Sysmon" in event.get("SourceName", ""):
                    rows.append(tuple(event[k] for k in ("ParentImage", "Image", "CommandLine")))
    attack = starts(*rows).with_columns(Computer=pl.lit("attacked"))
    found = unusual_starts(pl.concat([attack, two_machines])).head(20)
    commands = found.filter(pl.col("SourceIndex") < attack.height)["Command"]
    assert any(word in command for command in commands for word in words.split("|"))


@pytest.mark.data
def test_what_is_on_top_of_the_two_machines_is_their_own_attack(two_machines):
    """Both hold attacks (an archive that starts mshta; simulated detections): those come first."""
    first = two_machines.filter(pl.col("Computer").str.starts_with("computerpii"))
    found = unusual_starts(first).head(5)
    assert any("mshta" in command for command in found["Command"])
    second = two_machines.filter(~pl.col("Computer").str.starts_with("computerpii"))
    found = unusual_starts(second).head(5)
    simulated = r"(?i)diagnostics|softwaredistribution|fonts|usertmp|\.\\"
    assert (
        found["reason"].str.contains(simulated).sum()
        + found["Command"].str.contains(simulated).sum()
        >= 4
    )
