import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.audit_lines import LineParser, is_audit, parse_line


def fields(text):
    return parse_line(text).record


def test_quoted_values_and_hexadecimal_ones_are_text():
    record = fields(
        "type=PATH msg=audit(1.5:2): item=0 name=2F746D702F6120622E7368 inode=7 nametype=NORMAL"
    )
    assert record == {
        "type": "PATH",
        "item": "0",
        "name": "/tmp/a b.sh",
        "inode": "7",
        "nametype": "NORMAL",
    }


def test_what_only_looks_hexadecimal_stays():
    record = fields(
        'type=SYSCALL msg=audit(1.5:2): arch=C000003E a0=55 pid=1234 comm="ABCD" key=(null)'
    )
    assert (record["arch"], record["a0"], record["pid"], record["comm"], record["key"]) == (
        "C000003E", "55", "1234", "ABCD", "(null)",
    )  # fmt: skip


def test_arguments_in_pieces_and_out_of_order_are_joined():
    record = fields(
        'type=EXECVE msg=audit(1.5:2): argc=12 a10="k" a2[1]="cd" a2[0]=6162 a0="sh" a1='
    )
    assert record["argv"] == ["sh", "", "abcd", "k"]


def test_proctitle_has_blanks_between_its_arguments():
    assert (
        fields("type=PROCTITLE msg=audit(1.5:2): proctitle=7368002D63006C73")["proctitle"]
        == "sh -c ls"
    )


def test_nested_messages_come_up():
    record = fields(
        "type=USER_CMD msg=audit(1.5:2): pid=1 uid=0 "
        "msg='cwd=\"/root\" cmd=6C73202D6C terminal=pts/0 res=success'"
    )
    assert (record["cwd"], record["cmd"], record["res"], record["pid"]) == (
        "/root",
        "ls -l",
        "success",
        "1",
    )


def test_resolved_names_keep_their_upper_case():
    record = fields(
        'type=SYSCALL msg=audit(1.5:2): syscall=59 auid=1000\x1dSYSCALL=execve AUID="eve"'
    )
    assert (record["syscall"], record["SYSCALL"], record["AUID"]) == ("59", "execve", "eve")


def test_what_auditd_resolved_is_no_argument():
    line = 'type=EXECVE msg=audit(1.5:2): argc=1 a0="ls"\x1da1="-l"'
    record = fields(line)
    assert (record["argv"], record["a1"]) == (["ls"], "-l")
    assert LineParser().parse(line) == parse_line(line)


def test_layouts_that_take_turns_are_all_read_by_their_own_expression():
    lines = [
        f'type=PATH msg=audit(1.5:{n}): item={n} name="/{n}"{" inode=1" * (n % 3 == 1)}'
        f"{' dev=8:1' * (n % 3 == 2)}"
        for n in range(30)
    ]
    parse = LineParser().parse
    assert [parse(line) for line in lines] == [parse_line(line) for line in lines]


def test_words_between_fields_are_kept():
    record = fields('type=AVC msg=audit(1.5:2): avc:  denied  { read } for  pid=5 comm="y"')
    assert record["_text"] == "avc:  denied  { read } for"


def test_a_field_that_comes_again_is_numbered():
    record = fields("type=X msg=audit(1.5:2): a=1 a=2 a=3")
    assert (record["a"], record["a_2"], record["a_3"]) == ("1", "2", "3")


def test_type_numbers_have_names():
    assert fields("type=1309 msg=audit(1.5:2): argc=0")["type"] == "EXECVE"
    assert fields("type=UNKNOWN[1327] msg=audit(1.5:2): x=1")["type"] == "PROCTITLE"
    assert fields("type=UNKNOWN[9999] msg=audit(1.5:2): x=1")["type"] == "UNKNOWN[9999]"


def test_auoms_values_may_hold_blanks():
    record = fields(
        'type=AUOMS_EXECVE audit(1652292621.986:84138): SchemaVersion="1" node=UBUNTU5 '
        'key_r=61756F6D730164656C657465 path_name=["/usr/bin/a b","x"] '
        "proctitle=/usr/bin/java -Djava.util=x -jar a.jar redactors= containerid="
    )
    assert record["proctitle"] == "/usr/bin/java -Djava.util=x -jar a.jar"
    assert record["path_name"] == '["/usr/bin/a b","x"]'
    assert record["key_r"] == "auoms,delete"
    assert record["containerid"] == ""


def test_the_node_and_the_exact_time_are_kept():
    line = parse_line('node=web1 type=CWD msg=audit(1700000000.100:18446744073709551615): cwd="/"')
    assert (line.node, line.time, line.serial) == ("web1", "1700000000.100", 18446744073709551615)


def test_json_and_csv_that_quote_audit_lines_are_none():
    assert not is_audit('{"SyslogMessage":"type=CWD msg=audit(1.5:2): cwd=x"}')
    assert not is_audit('host,"type=CWD msg=audit(1.5:2): cwd=x"')
    assert is_audit("Jan  1 00:00:00 host audispd: node=a type=CWD msg=audit(1.5:2): cwd=x")


HEADS = [
    "type=X msg=audit(1.5:2): ",
    "type=EXECVE msg=audit(1.5:2): ",
    "type=AUOMS_X audit(1.5:2): ",
    "",
]
EVIL = [
    "a",
    "node=",
    "a={",
    "a=[",
    'a="',
    "a='",
    "msg='",
    "=",
    "a-",
    "a[0]=",
    " ",
    "type=X ",
    "\\",
    "\x1d",
    "a=b ",
]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("evil", EVIL)
def test_half_a_megabyte_of_anything_takes_no_quadratic_time(head, evil, hang_guard):
    text = head + evil * (500_000 // len(evil))
    with hang_guard():
        parse_line(text)


@given(st.sampled_from(HEADS), st.lists(st.sampled_from(EVIL) | st.text(max_size=4), max_size=30))
@settings(max_examples=300, deadline=None)
def test_no_text_crashes_it(head, parts):
    line = parse_line(head + "".join(parts))
    assert head == "" or line is not None


@pytest.mark.parametrize(
    ("before", "host"),
    [
        ("", ""),
        ("node=web1 ", "web1"),
        ("Mar  3 09:12:00 web01 audispd: ", "web01"),
        ("<13>Mar  3 09:12:00 web01.corp.example audispd[12]: ", "web01.corp.example"),
        ("Mar  3 09:12:00 relay audispd: node=web1 ", "web1"),
        ("2024-03-03T09:12:00.123+01:00 web-2 audisp-syslog: ", "web-2"),
        ("<13>1 2024-03-03T09:12:00Z web3 audisp 12 - - ", "web3"),
        ("Mar  3 09:12:00 audispd: ", ""),
        ("[    5.123456] audit: ", ""),
        ("2024-03-03T09:12:00" + " " * 9, ""),
    ],
)
def test_the_host_is_the_node_or_that_of_the_syslog_header(before, host):
    line = parse_line(f'{before}type=CWD msg=audit(1.25:7): cwd="/root"')
    assert line is not None
    assert line.node == host


_HEAD = "msg=audit(1.5:2):"
REAL = [
    f'type=SYSCALL {_HEAD} arch=c000003e syscall=59 pid=7 comm="sh" exe="/bin/sh" key=(null)',
    f'type=SYSCALL {_HEAD} arch=c000003e syscall=59 pid=7 comm=612062 exe="/bin/sh" key=6162',
    f'type=EXECVE {_HEAD} argc=2 a0="ls" a1="-l"',
    f'type=EXECVE {_HEAD} argc=2 a0="ls" a1=2F746D702F612062',
    f"type=USER_CMD {_HEAD} pid=1 uid=0 msg='cwd=\"/root\" cmd=6C73 terminal=pts/0 res=success'",
    f'type=CWD {_HEAD} cwd="/root"\x1dUID="eve"',
    f"type=LOGIN {_HEAD} pid=1 uid=0 subj==unconfined  res=1",
    f'type=AVC {_HEAD} avc:  denied  {{ read }} for  pid=5 comm="y"',
    f"type=X {_HEAD} a=1 a=2",
    f"type=PROCTITLE {_HEAD} proctitle=7368002D63",
]
PIECES = [
    "pid=",
    '"',
    "'",
    "msg='",
    " ",
    "=",
    "61",
    "node=n ",
    "\x1d",
    "{",
    "}",
    "type=",
    "a0=",
    "é",
]


def test_lines_laid_out_alike_are_read_like_the_first_ones():
    parser = LineParser()
    for line in REAL * 3:
        assert parser.parse(line) == parse_line(line)


@given(
    st.lists(st.sampled_from(REAL), min_size=1, max_size=3),
    st.sampled_from(REAL),
    st.lists(
        st.tuples(st.integers(0, 120), st.integers(0, 6), st.sampled_from(PIECES)), max_size=3
    ),
)
@settings(max_examples=400)
def test_what_was_learned_never_changes_what_a_line_says(learned, line, changes):
    parser = LineParser()
    for each in [*learned, line]:
        parser.parse(each)
    for at, length, piece in changes:
        line = line[:at] + piece + line[at + length :]
    assert parser.parse(line) == parse_line(line)


@pytest.mark.data
def test_the_two_ways_to_read_agree_on_real_lines(shared_data):
    parser = LineParser()
    lines = (shared_data / "logs/auditd_log.txt").read_text().splitlines()
    assert len(lines) > 1_700
    assert all(parser.parse(line) == parse_line(line) for line in lines * 2)


def test_ever_new_layouts_cost_no_more_than_reading_field_by_field(hang_guard):
    lines = [f"type=X msg=audit(1.5:{n}): a{n}=1 b{n}=2 c{n}=3" for n in range(20_000)]
    parser = LineParser()
    with hang_guard():
        for line in lines:
            parser.parse(line)
