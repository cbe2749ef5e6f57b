import random

import pytest

from huntkit.formats import Limits


def test_lines_of_one_event_become_one_record_even_if_interleaved(read, sample):
    out = read(sample("kinds/auditd/mixed.log"), "audit.log")
    assert out.format == "auditd"
    events = {(r["node"], r["serial"]): r for r in out.records}
    assert len(out.records) == 7
    first = events["web1", 10]
    assert first["types"] == ["SYSCALL", "EXECVE", "PROCTITLE"]
    assert first["records"][1]["argv"] == ["sh", "-c", "echo hello"]
    assert first["records"][2]["proctitle"] == "sh -c echo hello"
    assert first["records"][0]["key"] == "auoms,delete"
    assert (first["time"], first["time_text"]) == (1700000000.1, "1700000000.100")
    assert events["web2", 10]["records"][0]["comm"] == "a b.sh"
    assert events["web1", 11]["records"][0]["acct"] == "(unknown user)"
    assert events["web3", 12]["types"] == ["AVC"]  # from its syslog header
    assert events["web4", 14]["records"][0]["proctitle"] == "/bin/bash -Da.b=c -x"
    assert events["", 10]["records"][0]["comm"] == "no-node"


def test_rows_count_lines_and_what_is_no_audit_record_is_skipped(read, sample):
    out = read(sample("kinds/auditd/mixed.log"))
    assert out.rows == 9
    assert [(s.number, s.reason) for s in out.skips] == [(10, "not an audit record")]


def test_serials_that_come_again_at_another_time_are_other_events(read):
    text = "".join(f'type=CWD msg=audit({t}.000:7): cwd="/"\n' for t in range(5))
    assert len(read(text.encode()).records) == 5


@pytest.mark.parametrize("limit", [10_000, 50])
def test_shuffled_lines_are_put_together(read, limit):
    lines = [f"type=T{part} msg=audit({serial // 10}.000:{serial}): x=1"
             for serial in range(400) for part in range(3)]  # fmt: skip
    shuffled = [
        line
        for start in range(0, len(lines), 60)
        for line in random.Random(start).sample(
            lines[start : start + 60], k=len(lines[start : start + 60])
        )
    ]
    out = read("\n".join(shuffled).encode(), limits=Limits(max_open_events=limit))
    assert len(out.records) == 400
    assert all(sorted(r["types"]) == ["T0", "T1", "T2"] for r in out.records)
    assert out.rows == 1200


def test_an_event_of_endless_lines_is_bounded_and_counted(read):
    out = read(b"type=PATH msg=audit(1.5:2): x=1\n" * 12_000)
    assert len(out.records) == 1
    assert len(out.records[0]["records"]) == 10_000
    assert out.skipped == {"audit event of too many lines": 2000}


def test_records_that_were_run_together_are_apart(read):
    """As where a file without a last newline was joined to the next."""
    login = "type=USER_LOGIN msg=audit(1.5:{}): pid=7 msg='op=login acct=\"ana\" res=failed'"
    call = "type=SYSCALL msg=audit(1.5:{}): arch=c000003e syscall=59 key=(null)"
    lines = [login.format(1) + call.format(2) + "node=h " + call.format(3), login.format(4)]
    out = read("\n".join(lines).encode(), kind="auditd")
    found = [(each["serial"], each["node"], each["types"]) for each in out.records]
    assert found == [
        (1, "", ["USER_LOGIN"]),
        (2, "", ["SYSCALL"]),
        (3, "h", ["SYSCALL"]),
        (4, "", ["USER_LOGIN"]),
    ]
    assert [each["records"][0].get("key") for each in out.records] == [
        None,
        "(null)",
        "(null)",
        None,
    ]
    assert out.repaired == {"several records on one line": 2}
    assert out.rows == 4


@pytest.mark.parametrize(
    "value",
    ['exe="/tmp/xtype=LOGIN msg=audit(1.5:2): uid=0"', "msg='xtype=LOGIN msg=audit(1.5:2): uid=0'"],
)
def test_a_record_inside_of_quotes_is_text(value, read):
    out = read(f"type=USER_CMD msg=audit(1.5:1): pid=7 {value}\n".encode(), kind="auditd")
    assert [each["types"] for each in out.records] == [["USER_CMD"]]


def test_many_heads_on_one_line_take_bounded_time(read):
    quoted = 'type=USER_CMD msg=audit(1.5:1): exe="' + "xtype=LOGIN msg=audit(1.5:2): " * 20_000
    out = read(quoted.encode(), kind="auditd")
    assert [each["types"] for each in out.records] == [["USER_CMD"]]
