"""Put the stage, the workday and the intrusion together, and write the files."""

from pathlib import Path

from huntkit.sources.demo.background import workday
from huntkit.sources.demo.cloud import CloudTrail
from huntkit.sources.demo.intrusion import Intrusion
from huntkit.sources.demo.linux import LinuxHost
from huntkit.sources.demo.network import Sensor
from huntkit.sources.demo.windows import WindowsHost
from huntkit.sources.demo.world import DC01, WEB01, WS01, WS02, Chance

TITLE = "Synthetic demo: the intrusion at Larkspur"

_README = """\
# A synthetic intrusion

Every file below `evidence/` is SYNTHETIC: made by `huntkit demo` (seed {seed}), not recorded
anywhere. Hosts, people, hashes and commands are invented; names end in `.example`, and the public
addresses are the documentation ranges 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24.

One morning, 3 March 2026, times in UTC:

| time  | what happens | where |
|-------|--------------|-------|
| 09:12 | a document from a mail starts an encoded PowerShell launcher | lark-ws01 |
| 09:12 | the launcher begins to call home once a minute | 203.0.113.45 |
| 09:20 | discovery commands | lark-ws01 |
| 09:31 | the memory of lsass is dumped | lark-ws01 |
| 09:44 | a password spray finds the account adm-nils | lark-dc01 |
| 09:52 | lateral movement by a service | lark-ws02 |
| 10:05 | the same to the domain controller; ntds.dit is copied | lark-dc01 |
| 10:26 | a new account, helpdesk2, joins Domain Admins | lark-dc01 |
| 10:20 | a scheduled task and a Run key | lark-ws02 |
| 10:35 | by SSH to the web server, a program in /tmp, a crontab | lark-web01 |
| 10:44 | an AWS key from the server is used from 198.51.100.23 | CloudTrail |
| 10:53 | 432 MB leave for 203.0.113.77 | lark-ws02 |
| 11:05 | the Security log is cleared | lark-ws02 |

Try: `huntkit open evidence/`, `huntkit search 203.0.113.45 evidence/`, `huntkit tree evidence/`.
"""


def make_demo(folder: str | Path, *, seed: int = 1) -> list[Path]:
    """The log files of an invented intrusion, written below ``folder``; sorted paths come back.

    The folder also gets a README that says that all of it is synthetic; the log files lie in its
    ``evidence`` folder. Files of the same name are replaced. The same seed gives the same bytes.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [path.name for path in make_demo(folder)][:2]
        ['cloudtrail.json', 'lark-dc01.winlogbeat.ndjson']
    """
    chance = Chance(seed)
    first = WindowsHost(WS01, chance, shape="winlogbeat")
    second = WindowsHost(WS02, chance, shape="nxlog")
    controller = WindowsHost(DC01, chance, shape="winlogbeat")
    web = LinuxHost(WEB01, chance)
    sensor = Sensor(chance)
    trail = CloudTrail()
    workday((first, second, controller), web, sensor, trail, chance)
    Intrusion(first, second, controller, web, sensor, trail, chance).play()
    return _write(
        Path(folder),
        seed,
        {
            "lark-ws01.winlogbeat.ndjson": first.lines(),
            "lark-ws02.nxlog.ndjson": second.lines(),
            "lark-dc01.winlogbeat.ndjson": controller.lines(),
            "lark-web01/audit.log": web.audit_lines(),
            "lark-web01/syslog": web.syslog_lines(),
            "zeek/conn.log": sensor.conn_lines(),
            "zeek/dns.log": sensor.dns_lines(),
            "cloudtrail.json": [trail.text()],
        },
    )


def _write(folder: Path, seed: int, files: dict[str, list[str]]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    readme = _README.format(seed=seed)
    (folder / "README.md").write_text(readme, encoding="utf-8", newline="\n")
    written = []
    for name, lines in files.items():
        path = folder / "evidence" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        written.append(path)
    return sorted(written)
