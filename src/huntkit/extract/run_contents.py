"""What a run of letters decodes to, and whether that is more than chance."""

import string

from huntkit.extract.encoded_bytes import Allowed, Context, Opened, Stage, is_packed, open_bytes
from huntkit.extract.encoded_runs import MIN_RUN, Run, breaks_off, kinds, parts, run_bytes


class Memory:
    """Runs that were opened before: logs repeat the same launcher in thousands of events.

    Only small results are kept, so that it stays below 100 MB whatever the input.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Opened | None] = {}

    def opened(self, run: Run, allowed: Allowed) -> Opened | None:
        """What the run opens to, within these limits."""
        key = run[2:]  # all but its place
        if key in self._known:
            known = self._known[key]
            if known is None or (
                known.spent <= allowed.room and len(known.encodings) <= allowed.depth
            ):
                return known
        opened = open_run(run, allowed)
        small = opened is None or (len(opened.data) <= 65_536 and not opened.limit)
        if small and len(run.body) <= 65_536 and len(self._known) < 400:
            self._known[key] = opened
        return opened


def open_run(run: Run, allowed: Allowed) -> Opened | None:
    """What a run says; None if it is most likely no encoded content.

    Examples:
        >>> open_run(Run(0, 8, "hex", "6e6574", sure=True, wide=False), Allowed()).text
        'net'
    """
    data = run_bytes(run)
    if not data:
        return None
    ends = run.sure or run.last or run.cut
    context = Context(
        run.sure, run.hinted, run.wide, ends=ends, cut=run.cut or (ends and breaks_off(run))
    )
    opened = open_bytes(data, allowed, context, (Stage(run.encoding, data),))
    if opened is None:
        return None
    if run.wide and opened.encodings[-1:] != ("utf-16-le",):
        if len(run.body) < MIN_RUN or not opened.is_text:
            return None
    elif not run.sure and not _convincing(opened, run):
        return None
    return opened


def may_decode(run: str) -> bool:
    """A quick look at the start of a run without context: may it decode to something?

    Examples:
        >>> [may_decode(run) for run in ("aHR0cDovL2V2aWwuZXhhbXBsZS8", "SystemSettingsFlows1")]
        [True, False]
    """
    for part in parts(run):
        for kind in kinds(part):
            look = Run(0, 0, kind, part[: _glance(part, kind)], sure=False, wide=False, last=True)
            if open_run(look, _GLANCE) is not None or is_packed(run_bytes(look) or b""):
                return True
    return False


def _glance(part: str, kind: str) -> int:
    """How much to look at; what tells a Windows program or a tar comes late in its first page."""
    return 1400 if kind == "hex" or part.startswith("TV") or _ZEROS in part[:200] else 96


_ZEROS = "A" * 12
_GLANCE = Allowed(room=4096, depth=2)


def _convincing(opened: Opened, run: Run) -> bool:
    """Without context, text must look like one: no odd scripts that random bytes may spell."""
    if not opened.is_text:
        return True  # something compressed, or a file of a known kind
    text = opened.text[:512]
    if run.encoding == "hex" and run.body.isdigit() and len(run.body) < 64:
        return False  # a number; every second one of twenty digits reads as text
    if text.isascii():
        return 2 * len(text.encode().translate(None, _OTHERS)) >= len(text)
    plain = sum(c.isascii() for c in text)
    if plain * 10 < len(text) * 9 and len(text) < 40:
        return False
    return sum(c.isalnum() or c == " " for c in text) * 2 >= len(text)


_OTHERS = bytes(set(range(128)) - set((string.ascii_letters + string.digits + " ").encode()))
