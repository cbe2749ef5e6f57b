"""Who opens the memory of lsass: a dump is an alarm, WMI's daily work is not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from huntkit.report import notable
from huntkit.report.layouts import layouts

WHEN = datetime(2026, 3, 3, 9, 12, 31, tzinfo=UTC)
Make = Callable[..., Any]
USUAL = {
    "SourceImage": r"C:\Windows\System32\wbem\WmiPrvSE.exe",
    "TargetImage": r"C:\Windows\system32\lsass.exe",
    "GrantedAccess": "0x1410",
    "CallTrace": r"C:\Windows\SYSTEM32\ntdll.dll+9d4c4|C:\Windows\System32\framedynos.dll+1",
}


def opened(evidence: Make, **changes: str | None) -> list[tuple[str, str]]:
    data = {name: value for name, value in {**USUAL, **changes}.items() if value is not None}
    rows = pl.DataFrame(
        {"TimeGenerated": [WHEN], "Provider": ["Microsoft-Windows-Sysmon"], "EventID": [10],
         "Channel": ["Microsoft-Windows-Sysmon/Operational"], "Computer": ["ws1"],
         "EventData": [json.dumps(data)], "_file": ["a.evtx"], "_record": [1]}
    ).with_columns(pl.col("TimeGenerated").dt.cast_time_unit("us"))  # fmt: skip
    given = evidence({"WindowsEvent": rows})
    return notable.notable(given, layouts(given)).select("Kind", "Tone").rows()


def test_wmi_that_lists_processes_is_told_and_not_red(evidence: Make) -> None:
    assert opened(evidence) == [("Memory of lsass opened by WMI", "plain")]


@pytest.mark.parametrize(
    "changes",
    [
        {"SourceImage": r"C:\Program Files\procdump64.exe", "GrantedAccess": "0x1fffff"},
        {"SourceImage": r"C:\Users\al\wmiprvse.exe"},
        {"SourceImage": r"C:\x\Windows\System32\wbem\wmiprvse.exe"},
        {"GrantedAccess": "0x1010"},
        {"GrantedAccess": "0x1fffff"},
        {"CallTrace": r"C:\Windows\SYSTEM32\ntdll.dll+9d4c4|UNKNOWN(000001)"},
        {"CallTrace": r"C:\Windows\SYSTEM32\ntdll.dll+9d4c4|C:\Windows\System32\dbgcore.DLL+1"},
        {"CallTrace": ""},
        {"CallTrace": None},
        {"SourceImage": None},
    ],
)
def test_everything_else_is_an_alarm(evidence: Make, changes: dict[str, str | None]) -> None:
    assert opened(evidence, **changes) == [("Memory of lsass opened", "alarm")]


def test_rights_that_read_nothing_are_not_told(evidence: Make) -> None:
    assert opened(evidence, GrantedAccess="0x1000") == []
