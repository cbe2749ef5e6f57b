"""Every shared file: which format it is, how many records and source rows it has, none lost.

Counted apart from our readers: lines by wc, rows by pandas, audit events by distinct stamps.
"""

import pytest

from huntkit.formats import detect
from huntkit.formats.archive import walk

pytestmark = pytest.mark.data

LOGS = {
    "AWS_Honeybucket_Logs.txt": ("text", 6602, 6602),
    "alertlist.csv": ("csv", 189, 189),
    "auditd_log.txt": ("auditd", 938, 1708),
    "az_net_flows.csv": ("csv", 460, 460),
    "demo_exchange_data.csv": ("csv", 1334, 1334),
    "host_logons.csv": ("csv", 14, 14),
    "ip_locs.csv": ("csv", 85, 85),
    "mde_proc_cs1.csv": ("csv", 1564, 1564),
    "processes_on_host.csv": ("csv", 363, 363),
    "sudo_session_test.csv": ("csv", 78, 78),
    "syslog_data.csv": ("csv", 100, 100),
    "time_series.csv": ("csv", 840, 840),
    "osqueryd.results.log": ("json", 266, 266),
    "osqueryd.snapshots.log": ("json", 43, 43),
}
ARCHIVES = {
    "ec2_proxy_s3_exfiltration": ("json", 103, 103),
    "aws_s3_honeybucketlogs": ("csv", 301, 301),
    "sh_binary_padding_dd": ("auditd", 1, 6),
    "sh_arp_cache": ("auditd", 2, 12),
    "empire_mimikatz_logonpasswords": ("json", 6026, 6026),
    "empire_wdigest_downgrade": ("json", 2710, 2710),
    "empire_launcher_vbs": ("json", 2067, 2067),
    "purplesharp_ad_playbook_I": ("json", 25993, 25993),
    "metasploit_procdump_lsass_memory_dump": ("json", 42482, 42482),
    "AADAuditEvents": ("json", 4, 4),
    "WindowsEvents": ("json", 38, 38),
    "combined_zeek": ("json", 2140, 2140),
}
ZEEK = {"conn": 119, "dns": 147, "files": 2, "http": 3, "packet_filter": 1, "weird": 6}


def members(folder):
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "LICENSE" and path.suffix != ".yaml":
            for member in walk(path):
                assert member.error is None
                yield path, member


def outcome(member, read_from):
    found = detect(member.head(), member.name)
    assert found is not None, member.name
    with member.open() as stream:
        out = read_from(found, stream, member.name)
    assert out.error is None
    assert not out.skipped
    return out


def test_logs(shared_data, read_from):
    seen = {}
    for path, member in members(shared_data / "logs"):
        out = outcome(member, read_from)
        if path.parent.name == "velociraptor":
            lines = [line for line in path.read_bytes().splitlines() if line.strip()]
            assert (out.format, len(out.records)) == ("json", len(lines))
        else:
            seen[path.name] = (out.format, len(out.records), out.rows)
    assert seen == LOGS


def test_security_datasets(shared_data, read_from):
    seen, zeek = {}, {}
    for path, member in members(shared_data / "security-datasets"):
        out = outcome(member, read_from)
        if out.format == "zeek":
            (context,) = out.contexts
            zeek[context["path"]] = len(out.records)
            assert all(isinstance(record["ts"], float) for record in out.records)
        else:
            seen[path.name.split(".")[0]] = (out.format, len(out.records), out.rows)
            assert out.numbers == sorted(out.numbers) or out.format == "auditd"
    assert zeek == ZEEK
    assert {key: seen[key] for key in ARCHIVES} == ARCHIVES
    assert len(seen) == 29


def test_audit_events_are_decoded(shared_data, read):
    out = read((shared_data / "logs" / "auditd_log.txt").read_bytes())
    assert len({(r["node"], r["time_text"], r["serial"]) for r in out.records}) == 938
    parts = [part for record in out.records for part in record["records"]]
    commands = [part["cmd"] for part in parts if part["type"] == "USER_CMD"]
    assert "wget https://raw.githubusercontent.com/Microsoft/OMS-Agent" in commands[0]
    runs = [part["argv"] for part in parts if part["type"] == "EXECVE"]
    assert len(runs) == 146
    assert ["/bin/sh", "-c", "iptables --version"] in runs
    assert all(len(argv) == int(part["argc"]) for part in parts
               if part["type"] == "EXECVE" for argv in [part["argv"]])  # fmt: skip
