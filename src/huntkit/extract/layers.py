"""Decode texts to their last layer, within hard limits: their content is hostile.

Layer by layer, all texts together: what may be encoded is looked for in whole columns, so a layer
in which nothing is costs next to nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from huntkit.core.text import visible
from huntkit.extract.archived_files import ArchivedFile, archived_files
from huntkit.extract.decode_limits import Budget, DecodeLimits, Room, stopped
from huntkit.extract.encoded_bytes import (
    ARCHIVES,
    PROGRAMS,
    Allowed,
    Context,
    Opened,
    Stage,
    open_bytes,
)
from huntkit.extract.encoded_regions import Region, regions
from huntkit.extract.encoded_runs import Run, Signs, calls_a_decoder, runs
from huntkit.extract.encoding_signs import signs
from huntkit.extract.run_contents import Memory, open_run

_COMMAND = re.compile(
    r"/dev/(?:tcp|udp)/|\bpowershell\b|\bcmd(?:\.exe)?\s{1,4}/c|/bin/[a-z]{0,3}sh\b"
    r"|\b[a-z]{0,3}sh\s-[ci]|\biex\b|\binvoke-|downloadstring|\b(?:curl|wget)\s.{0,80}://|^#!/"
    r"|\$\{jndi:",
    re.IGNORECASE,
)
_SHORT = 65_536
_NOTHING = Opened((), "", b"", is_text=True)


@dataclass(slots=True, kw_only=True)
class Layer:
    """One decoded piece.

    Attributes:
        number: from 1, in the order of finding.
        parent: the layer that it was found in; 0 is the searched text itself.
        depth: 1 for what stands in the searched text.
        encoding: the steps from outside to inside; empty if a limit kept out what there was.
        content: what it is; equal contents are often one object.
        start: where it stands in the text of `parent`; None in an archive.
        end: the place behind it.
        file_name: its name in an archive, or that which gzip kept; text, never a path to follow.
        files: of an archive, the names of the files that were read.
        note: what else there is to say.
        limit: the limit that ended the work here, by its name in `DecodeLimits`, or empty.
        announced: something says that this is a command or hidden code, see `decode_texts`.
    """

    number: int = 0
    parent: int = 0
    depth: int = 1
    encoding: str = ""
    content: Opened = _NOTHING
    start: int | None = None
    end: int | None = None
    file_name: str = ""
    files: tuple[str, ...] = ()
    note: str = ""
    limit: str = ""
    announced: bool = False

    @property
    def text(self) -> str:
        """What it says; of a binary, the strings in it; of an archive, the names of its files."""
        return "\n".join(self.files) if self.files else self.content.text


def decode_text(text: str, limits: DecodeLimits | None = None, *, xor: bool = False) -> list[Layer]:
    """All layers below one text, see `decode_texts`.

    Examples:
        >>> [layer.text for layer in decode_text("powershell -enc ZABpAHIAIABjADoA")]
        ['dir c:']
    """
    return decode_texts(pl.Series([text]), limits, xor=xor)[0]


def decode_texts(
    texts: pl.Series,
    limits: DecodeLimits | None = None,
    memory: Memory | None = None,
    *,
    xor: bool = False,
    room: Room | None = None,
) -> list[list[Layer]]:
    """All layers below each text: first those found in it, then those found in these, and so on.

    A layer is announced if its context says that it is encoded (``-enc``, ``FromBase64String(``), a
    call that decodes stands anywhere in the text, it was compressed, is a program, is UTF-16 as
    PowerShell's commands are, escapes letters that need no escape, calls a shell, or lies inside an
    announced one. Others are mostly data: ids, tokens, documents.

    `room` is how many bytes may be made of all texts together.
    """
    limits, memory = limits or DecodeLimits(), memory or Memory()
    room = room or Room(limits.size_bytes * len(texts))
    decoders: list[_Decoder | None] = [None] * len(texts)
    todo: list[_Task] = []
    for at, text, look in _looks(texts, xor=xor):
        decoder = decoders[at] = _Decoder(limits, memory, room, xor=xor)
        source = Layer(depth=0, content=Opened((), text, b"", is_text=True))
        todo.append(_Task(decoder, source, look))
    while todo:
        found = [(task.decoder, layer) for task in todo for layer in task.decoder.work(task)]
        todo = _worth_reading(found, xor=xor)
    return [decoder.layers if decoder is not None else [] for decoder in decoders]


class _Look:
    """What may be in a text."""

    def __init__(self, text: str, mark: int, longs: Sequence[str]) -> None:
        self.told = bool(mark & Signs.DECODER) and calls_a_decoder(text)
        self._text, self._longs = text, longs
        self._mark = mark if self.told else mark & ~Signs.DECODER
        self._parts: list[Region | Run] | None = None

    def parts(self) -> Iterable[Region | Run]:
        """What may be encoded, in order; of short texts it is remembered."""
        if len(self._text) > _SHORT:
            return _parts_of(self._text, self._mark, self._longs)
        if self._parts is None:
            self._parts = list(_parts_of(self._text, self._mark, self._longs))
        return self._parts

    def keep(self, alive: list[Region | Run]) -> None:
        """Remember which parts say something; the others need no second try."""
        if self._parts is not None:
            self._parts = alive


class _Task(NamedTuple):
    """A layer to look into, and what may be in it; None for an archive."""

    decoder: "_Decoder"
    inner: Layer
    look: _Look | None


def _looks(texts: pl.Series, *, xor: bool) -> Iterator[tuple[int, str, _Look]]:
    """Place, text and a look of the texts that are worth one."""
    marks = signs(texts, xor=xor)
    places = (marks["signs"] > 0).arg_true()
    some = marks[places]
    columns = (places, texts.gather(places), some["signs"], some["runs"])
    for at, text, mark, longs in zip(*(column.to_list() for column in columns), strict=True):
        yield at, text, _Look(text, mark, longs)


def _worth_reading(found: Sequence[tuple["_Decoder", Layer]], *, xor: bool) -> list[_Task]:
    """The layers that may hold more, with their signs; equal contents are looked at once."""
    contents = {id(layer.content): layer.content for _, layer in found if layer.content.is_text}
    texts = pl.Series([content.text for content in contents.values()], dtype=pl.String)
    keys = list(contents)
    looks = {keys[at]: look for at, _, look in _looks(texts, xor=xor)}
    todo = [_Task(*each, looks.get(id(each[1].content))) for each in found]
    return [task for task in todo if task.look or not task.inner.content.is_text]


class _Decoder:
    """One text's budget and the layers found so far."""

    def __init__(self, limits: DecodeLimits, memory: Memory, table: Room, *, xor: bool) -> None:
        self.limits = limits
        self.memory = memory
        self.xor = xor
        self.budget = Budget(limits, table)
        self.ended = False
        self.layers: list[Layer] = []

    def work(self, task: _Task) -> list[Layer]:
        """The layers right below one that may hold more themselves."""
        inner = task.inner
        if self.ended:
            return []
        before = len(self.layers)
        self.budget.start()
        limit = self._texts_of(inner, task.look) if task.look else self._files_of(inner)
        self.budget.pause()
        if limit:
            self._mark(inner, limit)
            self.ended = limit != "depth"
        new = self.layers[before:]
        return [each for each in new if each.content.is_text or each.content.file_type in ARCHIVES]

    def _texts_of(self, inner: Layer, look: _Look) -> str:
        """Find the layers in a text; the limit that ended it, or empty."""
        alive: list[Region | Run] = []
        for found in look.parts():
            limit = self.budget.met(depth=inner.depth, pieces=len(self.layers))
            if limit:
                if limit == "seconds" or _is_something(found):
                    return limit
                continue
            if isinstance(found, Region):
                content, encoding, sure = _of_region(found), found.encoding, found.hidden
            else:
                opened = self.memory.opened(found, self._allowed(inner))
                if opened is None:
                    continue
                content, encoding = opened, found.encoding
                sure = found.sure and not found.login
            alive.append(found)
            layer = self._add(inner, content, encoding, announced=look.told or sure)
            layer.start, layer.end = found.start, found.end
        if not self.budget.met(depth=inner.depth, pieces=len(self.layers)):
            look.keep(alive)
        return ""

    def _files_of(self, inner: Layer) -> str:
        """Find the layers in an archive; the limit that ended it, or empty."""
        kind = inner.content.file_type.partition(" ")[0]
        names: list[str] = []
        limit = ""
        for file in archived_files(inner.content.data, kind, self.limits, room=self.budget.room):
            limit = self.budget.met(depth=inner.depth, pieces=len(self.layers))
            self.budget.files -= 1
            if limit or self.budget.files < 0 or not file.name:
                limit = limit or file.limit or ("files" if self.budget.files < 0 else "")
                break
            names.append(file.name)
            content = self._of_file(file, inner, kind)
            layer = self._add(inner, content, kind, announced=False)
            layer.file_name = file.name
            layer.note = "; ".join(filter(None, [file.note, layer.note]))
            layer.limit = file.limit or layer.limit
        inner.files = tuple(names)
        return limit

    def _of_file(self, file: ArchivedFile, inner: Layer, kind: str) -> Opened:
        stages = (Stage(kind, file.data),)
        sure = Context(sure=True)
        opened = open_bytes(file.data, self._allowed(inner), sure, stages) if file.data else None
        return opened or Opened((), "", file.data, is_text=False, stages=stages)

    def _add(self, inner: Layer, content: Opened, encoding: str, *, announced: bool) -> Layer:
        """Add the layer of some content, with the limit that it met."""
        self.budget.spend(max(content.spent, len(content.data)))
        note, limit = content.note, self.budget.named(content.limit)
        if limit:
            note = "; ".join(filter(None, [note, stopped(limit, self.limits)]))
        layer = Layer(
            number=len(self.layers) + 1,
            parent=inner.number,
            depth=inner.depth + 1,
            encoding=" > ".join((encoding, *content.encodings)),
            content=content,
            file_name=visible(content.file_name),
            note=note,
            limit=limit,
            announced=announced or inner.announced or _hides_code(content),
        )
        self.layers.append(layer)
        return layer

    def _allowed(self, inner: Layer) -> Allowed:
        depth = self.limits.depth - inner.depth
        return Allowed(self.budget.room, self.limits.ratio, depth, self.xor)

    def _mark(self, inner: Layer, limit: str) -> None:
        """Say in which layer the work ended; for the searched text, in the last one found."""
        if not self.layers:
            self.layers.append(Layer(number=1))
        own = inner if inner.number else self.layers[-1]
        note = stopped(limit, self.limits)
        own.note = f"{own.note}; {note}" if own.note else note
        own.limit = own.limit or limit


def _of_region(region: Region) -> Opened:
    data = region.text.encode("utf-8", "surrogatepass")
    stages = (Stage(region.encoding, data),)
    return Opened(("utf-8",), region.text, data, is_text=True, stages=stages)


def _hides_code(content: Opened) -> bool:
    """Whether what came out says by itself that somebody packed a command or a program."""
    return (
        len(content.stages) > 1
        or content.encodings[-1:] == ("utf-16-le",)
        or content.file_type in PROGRAMS
        or (content.is_text and _COMMAND.search(content.text) is not None)
    )


def _is_something(found: Region | Run) -> bool:
    """Whether there is a layer that a limit keeps out."""
    return isinstance(found, Region) or open_run(found, Allowed(room=1 << 16)) is not None


def _parts_of(text: str, mark: int, longs: Sequence[str]) -> Iterator[Region | Run]:
    """What may be encoded, in order; runs inside an escaped region are found in what it says."""
    waiting = iter(regions(text, mark))
    region = next(waiting, None)
    for run in runs(text, mark, longs):
        while region is not None and region.end <= run.start:
            yield region
            region = next(waiting, None)
        if region is None or run.end <= region.start:
            yield run
    while region is not None:
        yield region
        region = next(waiting, None)
