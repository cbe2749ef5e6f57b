"""A name server on loopback for tests, over UDP and TCP, which misbehaves on request.

What it does depends on the first label of the name:

| first label | answer |
|---|---|
| ``refused``, ``servfail``, ``formerr`` | that code |
| ``big`` | over UDP cut off (TC), over TCP 60 records of text |
| ``loop`` | an alias of itself |
| ``ping``, ``pong`` | aliases of one another |
| ``chain`` | an alias of an alias ..., forty times |
| ``garbage`` | bytes that are no message |
| ``spoofed`` | first a wrong answer under another number, then the right one |
| ``other`` | an answer about another name |
| ``silent`` | none |
| others | what the zone holds, else NXDOMAIN |
"""

import contextlib
import socket
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

ZONE: dict[tuple[str, str], list[str]] = {
    ("www.example.com.", "A"): ["198.51.100.7", "198.51.100.8"],
    ("alias.example.com.", "CNAME"): ["www.example.com."],
    ("example.com.", "MX"): ["10 mail.example.com."],
    ("evil.example.com.", "TXT"): ['"<script>alert(1)</script>"'],
    ("odd.example.com.", "TXT"): [r'"\027[31m\000\255 \"quoted\""'],
    ("xn--bcher-kva.example.com.", "A"): ["198.51.100.9"],
    ("7.100.51.198.in-addr.arpa.", "PTR"): ["www.example.com."],
    ("1.0.0.0." + "0." * 20 + "8.b.d.0.1.0.0.2.ip6.arpa.", "PTR"): ["six.example.com."],
}
NAMES = {name for name, _ in ZONE}
CODES = {"refused": dns.rcode.REFUSED, "servfail": dns.rcode.SERVFAIL, "formerr": dns.rcode.FORMERR}
BIG = [f'"{number:02d} {"x" * 100}"' for number in range(60)]


class NameServer:
    """Listens at once; `asked` holds names and types, `over_tcp` those that came over TCP."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.over_tcp: list[tuple[str, str]] = []
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        for each in (self.udp, self.tcp):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve_udp(self) -> None:
        while True:
            try:
                wire, place = self.udp.recvfrom(65_535)
            except OSError:
                return
            if not wire:  # closed
                return
            query = dns.message.from_wire(wire)
            first = query.question[0].name.labels[0].lower().decode("latin-1")
            reply = self._reply(query, tcp=False)
            if reply is None:
                continue
            if first == "spoofed":
                fake = dns.message.make_response(query)
                fake.id = query.id ^ 1
                name = query.question[0].name
                fake.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "203.0.113.66"))
                self.udp.sendto(fake.to_wire(), place)
            self.udp.sendto(b"\xff" * 40 if first == "garbage" else reply.to_wire(), place)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                size = int.from_bytes(connection.recv(2), "big")
                reply = self._reply(dns.message.from_wire(connection.recv(size)), tcp=True)
                wire = b"" if reply is None else reply.to_wire()
                connection.sendall(len(wire).to_bytes(2, "big") + wire)

    def _reply(self, query: dns.message.Message, *, tcp: bool) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        first, _, rest = name.partition(".")
        (self.over_tcp if tcp else self.asked).append((name, kind))
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA

        def add(owner: str, kind: str, *texts: str) -> None:
            reply.answer.append(dns.rrset.from_text(owner, 300, "IN", kind, *texts))

        if first == "silent":
            return None
        if first in CODES:
            reply.set_rcode(CODES[first])
        elif first == "big":
            if tcp:
                add(name, "TXT", *BIG)
            else:
                reply.flags |= dns.flags.TC
        elif first == "loop":
            add(name, "CNAME", name)
        elif first in ("ping", "pong"):
            add(f"ping.{rest}", "CNAME", f"pong.{rest}")
            add(f"pong.{rest}", "CNAME", f"ping.{rest}")
        elif first == "chain":
            for link in range(40):
                add(f"{link or 'chain'}.{rest}", "CNAME", f"{link + 1}.{rest}")
        elif first == "other":
            add(f"elsewhere.{rest}", "A", "203.0.113.66")
        elif first == "spoofed":
            add(name, "A", "198.51.100.10")
        else:
            self._from_zone(reply, name, kind, add)
        return reply

    @staticmethod
    def _from_zone(reply: dns.message.Message, name: str, kind: str, add: object) -> None:
        assert callable(add)
        if (name, "CNAME") in ZONE and kind != "CNAME":
            add(name, "CNAME", *ZONE[name, "CNAME"])
            name = ZONE[name, "CNAME"][0]
        if (name, kind) in ZONE:
            add(name, kind, *ZONE[name, kind])
        elif name not in NAMES:
            reply.set_rcode(dns.rcode.NXDOMAIN)
