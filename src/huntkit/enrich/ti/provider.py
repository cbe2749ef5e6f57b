"""The contract of providers: what they declare, what they are asked, what they answer.

A provider declares and answers; refanging, checking, what must not leave, the order, limits,
retries, the cache and errors are the kernel's.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from huntkit.runtime.limits import Limits
from huntkit.runtime.session import Session

Severity = Literal["unknown", "information", "warning", "high"]
SEVERITIES: tuple[Severity, ...] = ("unknown", "information", "warning", "high")
"""From the least to the worst; ``unknown`` is no verdict at all."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question.

    Attributes:
        value: the indicator in its normal form, never defanged.
        ioc_type: ``ipv4 ipv6 dns url email md5_hash sha1_hash sha256_hash`` ...
        subtype: which sub-query is meant; empty for the usual one.
        start: facts from then on, where the provider knows times.
        end: facts until then.
    """

    value: str
    ioc_type: str
    subtype: str = ""
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a provider knows about one indicator.

    Attributes:
        found: whether it knows anything; "not known" is an answer, and never means "clean".
        severity: its verdict, by the provider's documented scale.
        reason: why that severity, in words: which rule, with the value.
        details: the facts that analysts want to see first.
        raw: the reply, as far as JSON can hold it.
        reference: where a person can read it.
    """

    found: bool = True
    severity: Severity = "unknown"
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    raw: Any = None
    reference: str = ""

    @staticmethod
    def unknown(raw: Any = None, *, reference: str = "") -> "Facts":
        """The provider knows nothing about it."""
        return Facts(found=False, raw=raw, reference=reference)


@dataclass(frozen=True)
class NoSettings:
    """The settings of a provider that needs none."""


class LookupProvider(ABC):
    """Somebody who knows something about values; `TIProvider` is one who knows about indicators.

    Attributes:
        section: the section of the settings file that it stands in.
        name: what users and results call it.
        takes: which types of indicators it knows, each with the names of its sub-queries; the
            empty one is the usual query.
        settings: a frozen dataclass of what it needs; secrets have the type `Secret`.
        limits: what its service allows; an instance may have others, such as those of a paid plan.
        home: a page about the provider, for people.
        terms: what its owner wants users to know about its use.
        keyless: it can be asked without any settings; it is still asked only when it is named or
            enabled.
        kept_s: how long an answer is good.
        takes_times: it gives facts of a range of time (`heeds_times`); where it does not, the
            answer says so.
        batch: how many indicators `ask_many` takes at once; 1 where there is no such thing. An
            instance may have another.
        splits: a batch that fails is asked again in halves, since one value may have spoilt it;
            `ask_many` must be awaitable then.
        internal: it may be asked about private addresses and internal names, since they do not
            leave the organisation.
    """

    section: ClassVar[str]
    name: ClassVar[str]
    takes: ClassVar[Mapping[str, Sequence[str]]]
    settings: ClassVar[type[Any]] = NoSettings
    limits: Limits = Limits()
    home: ClassVar[str] = ""
    terms: ClassVar[str] = ""
    keyless: ClassVar[bool] = False
    kept_s: ClassVar[float] = 24 * 3600.0
    takes_times: ClassVar[bool] = False
    batch: int = 1
    splits: ClassVar[bool] = False
    internal: ClassVar[bool] = False

    def __init__(self, chosen: Any, session: Session) -> None:
        self.chosen = chosen
        self.session = session

    @abstractmethod
    def ask(self, lookup: Lookup) -> Facts | Awaitable[Facts]:
        """What is known about one indicator.

        Raises:
            HuntkitError: it could not be asked; the kernel keeps the error in the result.
        """

    def ask_many(
        self, lookups: Sequence[Lookup]
    ) -> Mapping[Lookup, Facts | Exception] | Awaitable[Mapping[Lookup, Facts | Exception]]:
        """The same for up to `batch` at once; an error in place of facts is that one's alone.

        Those that are missing from the answer failed.
        """
        raise NotImplementedError

    def subtypes(self, ioc_type: str) -> Sequence[str]:
        """The sub-queries for a type of indicator."""
        return tuple(self.takes.get(ioc_type, ()))

    def heeds_times(self, ioc_type: str, subtype: str) -> bool:
        """Whether the answers to a sub-query are those of the range of time that is asked about."""
        del ioc_type, subtype
        return self.takes_times

    def lacking(self) -> str:
        """What is in the way of asking it at all, in words; empty where nothing is."""
        return ""

    @property
    def identity(self) -> str:
        """What tells this provider's answers from those of another instance, without secrets."""
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class TIProvider(LookupProvider):
    """Somebody who knows something about indicators; inherit from it to add one."""

    section: ClassVar[str] = "TIProviders"


def worst(severities: Sequence[Severity]) -> Severity:
    """The worst of several; ``unknown`` where there are none.

    Examples:
        >>> worst(["information", "high", "unknown"]), worst([])
        ('high', 'unknown')
    """
    return max(severities, key=SEVERITIES.index, default="unknown")
