"""An ordinary morning: what people and machines do when nobody attacks them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from huntkit.sources.demo.cloud import CloudTrail
from huntkit.sources.demo.linux import LinuxHost
from huntkit.sources.demo.network import Sensor
from huntkit.sources.demo.windows import SYSTEM, WindowsHost
from huntkit.sources.demo.world import ANNA, BACKUP, DC01, NILS, SITES, TOM, Chance, Person, at

_BEGIN, _END = at("07:30:00"), at("12:30:00")
_PROGRAMS = (
    (r"C:\Program Files\Browser\browser.exe", '"{image}" --type=renderer --lang=en-GB'),
    (r"C:\Program Files\Browser\browser.exe", '"{image}" --type=utility'),
    (r"C:\Program Files\Office\OUTLOOK.EXE", '"{image}" /recycle'),
    (r"C:\Program Files\Office\EXCEL.EXE", '"{image}" "C:\\Users\\{user}\\Documents\\plan.xlsx"'),
    (r"C:\Windows\System32\notepad.exe", '"{image}" C:\\Users\\{user}\\Desktop\\notes.txt'),
    (r"C:\Program Files\Chat\chat.exe", '"{image}" --minimized'),
)
_HOUSEKEEPING = (
    (r"C:\Windows\System32\svchost.exe", "{image} -k netsvcs -p -s BITS"),
    (r"C:\Windows\System32\svchost.exe", "{image} -k LocalService -p"),
    (r"C:\Windows\System32\taskhostw.exe", "taskhostw.exe"),
    (r"C:\Windows\System32\backgroundTaskHost.exe", '"{image}" -ServerName:App.AppXexample.mca'),
    (r"C:\Windows\System32\wbem\WmiPrvSE.exe", "{image} -secured -Embedding"),
    (r"C:\Program Files\Defender\MpCmdRun.exe", '"{image}" SignatureUpdate -ScheduleJob'),
)
_TASKS = (
    ("systemd", "Started Daily apt upgrade and clean activities."),
    ("CRON", "(root) CMD (test -x /usr/sbin/anacron)"),
    ("nginx", '10.20.30.41 - "GET /index.html HTTP/1.1" 200 5120'),
    ("nginx", '10.20.30.42 - "GET /app/orders HTTP/1.1" 200 18211'),
    ("kernel", "eth0: link is up"),
)


def workday(
    hosts: tuple[WindowsHost, WindowsHost, WindowsHost],
    web: LinuxHost,
    sensor: Sensor,
    trail: CloudTrail,
    chance: Chance,
) -> None:
    """Fill five hours with normal activity."""
    first, second, controller = hosts
    _desk(first, ANNA, sensor, chance)
    _desk(second, TOM, sensor, chance)
    for host in hosts:
        _housekeeping(host, chance)
    _directory(controller, hosts[:2], chance)
    _server(web, chance)
    _cloud(trail, chance)


def _moments(
    chance: Chance, name: str, *, every: float, begin: datetime = _BEGIN
) -> Iterator[datetime]:
    """Random moments of the morning, so many seconds apart on average."""
    stream = chance.stream(name)
    moment = begin + timedelta(seconds=stream.uniform(0, every))
    while moment < _END:
        yield moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        moment += timedelta(seconds=stream.expovariate(1 / every) + 0.5)


def _desk(host: WindowsHost, person: Person, sensor: Sensor, chance: Chance) -> None:
    name = f"desk/{person.name}"
    stream = chance.stream(f"{name}/choice")
    desktop = host.desktop(_BEGIN + timedelta(minutes=stream.randint(1, 25)), person)
    start = _BEGIN + timedelta(minutes=30)
    browser = host.start(
        start,
        _PROGRAMS[0][0],
        f'"{_PROGRAMS[0][0]}"',
        user=person,
        parent=desktop,
    )
    for moment in _moments(chance, f"{name}/programs", every=250, begin=start):
        image, told = stream.choice(_PROGRAMS)
        parent = browser if image == browser.image else desktop
        command = told.format(image=image, user=person.name)
        process = host.start(moment, image, command, user=person, parent=parent)
        host.end(moment + timedelta(seconds=stream.randint(3, 900)), process)
    for moment in _moments(chance, f"{name}/web", every=115, begin=start):
        site, ip = stream.choice(list(SITES.items()))
        when = moment
        host.resolve(when, browser, site, ip)
        host.connect(when + timedelta(milliseconds=40), browser, ip, 443, name=site)
        sensor.lookup(when, host.machine.ip, site, ip)
        sensor.connection(
            when + timedelta(milliseconds=40),
            host.machine.ip,
            ip,
            443,
            seconds=stream.uniform(0.2, 45),
            sent=stream.randint(600, 9_000),
            received=stream.randint(2_000, 900_000),
        )
    for moment in _moments(chance, f"{name}/files", every=350, begin=start):
        number = stream.randint(100, 999)
        path = rf"C:\Users\{person.name}\AppData\Local\Temp\cache{number}.tmp"
        host.create_file(moment, browser, path)


def _housekeeping(host: WindowsHost, chance: Chance) -> None:
    name = f"house/{host.machine.short}"
    stream = chance.stream(f"{name}/choice")
    for moment in _moments(chance, name, every=260):
        image, told = stream.choice(_HOUSEKEEPING)
        process = host.start(
            moment,
            image,
            told.format(image=image),
            user=SYSTEM,
            parent=host.services,
            integrity="System",
        )
        if stream.random() < 0.4:
            key = r"HKLM\System\CurrentControlSet\Services\BITS\Start"
            host.set_value(moment + timedelta(seconds=1), process, key, "DWORD (0x00000003)")


def _directory(controller: WindowsHost, clients: tuple[WindowsHost, ...], chance: Chance) -> None:
    stream = chance.stream("directory/choice")
    for moment in _moments(chance, "directory", every=110):
        client = stream.choice(clients)
        person = ANNA if client is clients[0] else TOM
        if stream.random() < 0.03:
            controller.fail_to_log_on(moment, person, source=client.machine)
        else:
            controller.log_on(moment, person, kind=3, source=client.machine)
    controller.log_on(at("08:02:11"), NILS, kind=10, source=clients[1].machine)
    controller.log_on(at("08:30:00"), BACKUP, kind=3, source=DC01)


def _server(web: LinuxHost, chance: Chance) -> None:
    stream = chance.stream("server/choice")
    for moment in _moments(chance, "server/syslog", every=110):
        program, message = stream.choice(_TASKS)
        web.say(moment, program, message)
    for moment in _moments(chance, "server/audit", every=240):
        pid = web.run(
            moment, "/usr/bin/dash", "/bin/sh", "-c", "run-parts /etc/cron.d", user="root"
        )
        later = moment + timedelta(milliseconds=20)
        web.run(later, "/usr/bin/run-parts", "run-parts", "/etc/cron.d", user="root", ppid=pid)


def _cloud(trail: CloudTrail, chance: Chance) -> None:
    stream = chance.stream("cloud/choice")
    for moment in _moments(chance, "cloud", every=190):
        action = stream.choice(("DescribeInstances", "ListBuckets", "GetBucketLocation"))
        service = "ec2" if action.startswith("Describe") else "s3"
        trail.call(moment, service, action, user="deploy", source="192.0.2.200", agent="terraform")
