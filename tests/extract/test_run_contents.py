"""Whether what a run decodes to is more than chance."""

import base64
import random
import string

from huntkit.extract.encoded_bytes import Allowed
from huntkit.extract.encoded_runs import Run
from huntkit.extract.run_contents import Memory, may_decode, open_run


def run(body: str, encoding: str = "base64") -> Run:
    return Run(0, len(body), encoding, body, sure=False, wide=False)


def test_chance_seldom_decodes_to_text():
    chance = random.Random(7)
    letters = string.ascii_letters + string.digits + "+/"
    bodies = ["".join(chance.choices(letters, k=24)) for _ in range(20_000)]
    assert sum(may_decode(body) for body in bodies) <= 1
    digests = ["".join(chance.choices("0123456789abcdef", k=32)) for _ in range(20_000)]
    assert sum(may_decode(body) for body in digests) <= 1
    numbers = ["".join(chance.choices("0123456789", k=24)) for _ in range(20_000)]
    assert sum(may_decode(body) for body in numbers) == 0


def test_what_needs_its_context_is_left_alone_without_it():
    body = base64.b64encode(bytes(range(200, 230))).decode()
    assert open_run(run(body), Allowed()) is None
    opened = open_run(run(body)._replace(sure=True), Allowed())
    assert opened is not None
    assert not opened.is_text


def test_memory_gives_the_same_content_and_never_one_that_was_cut():
    memory = Memory()
    body = base64.b64encode(b"what is said here is said again").decode()
    first = memory.opened(run(body), Allowed())
    assert memory.opened(run(body)._replace(start=5, end=9), Allowed()) is first
    import gzip

    packed = base64.b64encode(gzip.compress(b"many words " * 500)).decode()
    cut = memory.opened(run(packed), Allowed(room=100))
    whole = memory.opened(run(packed), Allowed())
    assert cut is not None
    assert whole is not None
    assert (cut.limit, whole.limit, whole.size) == ("size_bytes", "", 5_500)
    again = memory.opened(run(packed), Allowed(room=100))
    assert again is not None
    assert again.limit == "size_bytes"
