"""The kernel: who is asked what, at once, within limits; every failure is one row and no more."""

import inspect
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, cast

from huntkit.core.errors import BadReply, Cancelled
from huntkit.core.progress import Task
from huntkit.enrich.ti.halves import AskMany, in_halves
from huntkit.enrich.ti.inputs import TLP, Item
from huntkit.enrich.ti.provider import Facts, Lookup, LookupProvider
from huntkit.enrich.ti.results import Finding, Status, answered, failed, fault_of
from huntkit.runtime.fanout import Outcome, Share, spread
from huntkit.runtime.session import Session
from huntkit.runtime.store import Kept

_EXTERNAL_TLP: Final = 1  # green: told within the community, never in public
_ALL_TLP: Final = 4
_KEPT_AFTER_S: Final = 0.5  # each time costs a transaction, however many answers it keeps
_FACTS: Final = tuple(each.name for each in fields(Facts))

Batch = tuple[Lookup, ...]
Told = Mapping[Lookup, Facts]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a look-up asks for, beside the indicators.

    Attributes:
        subtype: the sub-query; empty for the usual one.
        start: facts from then on, of providers that know times.
        end: facts until then.
        tlp_max: the highest level of TLP that may be told to a provider, by its name.
        budget: the most questions to each provider; by name, or one number for all.
        refresh: ask anew, whatever is kept.
    """

    subtype: str = ""
    start: datetime | None = None
    end: datetime | None = None
    tlp_max: Mapping[str, int] | None = None
    budget: Mapping[str, int] | int | None = None
    refresh: bool = False


@dataclass
class Plan:
    """What will be asked of one provider, and what is known without asking."""

    name: str
    provider: LookupProvider
    items: Sequence[Item]
    known: dict[Item, Finding]
    waiting: dict[Lookup, list[Item]]
    budget: int | None = None
    ranged: bool = False  # a range of time is asked about

    @property
    def requests(self) -> int:
        """How many requests its questions take."""
        return -(-len(self.waiting) // max(self.provider.batch, 1))


def planned(
    items: Sequence[Item], providers: Mapping[str, LookupProvider], wanted: Wanted, session: Session
) -> list[Plan]:
    """What is to be asked of whom; nobody is asked yet."""
    return [_plan(name, provider, items, wanted, session) for name, provider in providers.items()]


def ask_all(plans: Sequence[Plan], session: Session) -> list[Finding]:
    """A finding for each item and provider, in the order of the items.

    Stopping early (an interrupt, or the progress says so) keeps what has arrived; the rest are
    findings that say so.
    """
    clock = session.network.clock
    with ExitStack() as stack:
        tasks = {
            plan.name: stack.enter_context(
                session.progress.task(f"asking {plan.name}", total=len(plan.waiting))
            )
            for plan in plans
            if plan.waiting
        }
        by_name = {plan.name: plan for plan in plans}
        shares = [_share(plan) for plan in plans if plan.waiting]
        stopped: BaseException | None = None
        outcomes = cast("Generator[Outcome[Batch, Told], None, None]", spread(*shares))
        keeper = _Keeper(session)
        try:
            for outcome in outcomes:
                plan = by_name[outcome.share]
                _take(plan, outcome, clock.now().timestamp(), keeper)
                _advance(tasks[plan.name], len(outcome.item))
        except (Cancelled, KeyboardInterrupt) as problem:
            stopped = problem
        finally:
            outcomes.close()
            keeper.keep()
    for plan in plans:
        _say_what_is_missing(plan, stopped=stopped is not None)
    items = plans[0].items if plans else ()
    return [plan.known[item] for item in items for plan in plans]


def _say_what_is_missing(plan: Plan, *, stopped: bool) -> None:
    reason = "stopped before it was answered" if stopped else f"{plan.name} never answered"
    for lookup, its in plan.waiting.items():
        for item in its:
            if item not in plan.known:
                plan.known[item] = Finding(
                    item=item, provider=plan.name, subtype=lookup.subtype, status="failed",
                    reason=reason,
                )  # fmt: skip


def _advance(task: Task, count: int) -> None:
    task.advance(count)
    task.check_cancelled()


def _plan(
    name: str, provider: LookupProvider, items: Sequence[Item], wanted: Wanted, session: Session
) -> Plan:
    plan = Plan(name, provider, items, {}, {})
    plan.ranged = wanted.start is not None or wanted.end is not None
    asked: dict[Item, Lookup] = {}
    for item in items:
        status, reason = _refusal(name, provider, item, wanted)
        if status is not None:
            plan.known[item] = Finding(
                item=item, provider=name, subtype=wanted.subtype, status=status, reason=reason
            )
        else:
            asked[item] = _lookup(provider, item, wanted)
    kept = {} if wanted.refresh else _kept(provider, list(dict.fromkeys(asked.values())), session)
    limit = wanted.budget.get(name) if isinstance(wanted.budget, Mapping) else wanted.budget
    plan.budget = limit
    for item, lookup in asked.items():
        if (old := kept.get(lookup)) is not None:
            plan.known[item] = _again(item, plan, lookup, old)
        elif lookup in plan.waiting:
            plan.waiting[lookup].append(item)
        elif limit is not None and len(plan.waiting) >= limit:
            plan.known[item] = Finding(
                item=item, provider=name, subtype=lookup.subtype, status="failed",
                reason=f"not asked: the budget of {limit:,} is used up",
            )  # fmt: skip
        else:
            plan.waiting[lookup] = [item]
    return plan


def _refusal(
    name: str, provider: LookupProvider, item: Item, wanted: Wanted
) -> tuple[Status | None, str]:
    """Why this provider is not asked about this item; None where it is."""
    if item.problem == "bad input":
        return "bad input", item.reason
    if item.problem == "refused" and not provider.internal:
        return "refused", item.reason
    most = (wanted.tlp_max or {}).get(name, _ALL_TLP if provider.internal else _EXTERNAL_TLP)
    if item.tlp > most:
        return "refused", f"TLP {_level(item.tlp)}; {name} is told nothing above {_level(most)}"
    subtypes = provider.subtypes(item.ioc_type)
    if not subtypes:
        known = ", ".join(provider.takes)
        return "not supported", f"{name} knows nothing about {item.ioc_type}; it knows: {known}"
    if wanted.subtype not in subtypes:
        those = ", ".join(repr(each) for each in subtypes if each) or "no sub-queries"
        return "not supported", f"{name} has no {wanted.subtype!r}; of {item.ioc_type}: {those}"
    return None, ""


def _level(number: int) -> str:
    return next(word for word, level in TLP.items() if level == number)


def _lookup(provider: LookupProvider, item: Item, wanted: Wanted) -> Lookup:
    timed = provider.heeds_times(item.ioc_type, wanted.subtype)
    return Lookup(
        item.value,
        item.ioc_type,
        wanted.subtype,
        wanted.start if timed else None,
        wanted.end if timed else None,
    )


def _key(lookup: Lookup) -> tuple[object, ...]:
    times = [each.isoformat() if each else "" for each in (lookup.start, lookup.end)]
    return lookup.ioc_type, lookup.value, lookup.subtype, *times


def _kept(provider: LookupProvider, lookups: list[Lookup], session: Session) -> dict[Lookup, Kept]:
    if not lookups or provider.kept_s <= 0:
        return {}
    found = session.store.get_many(
        f"ti {provider.identity}", [_key(each) for each in lookups], max_age_s=provider.kept_s
    )
    return {lookup: old for lookup, old in zip(lookups, found, strict=True) if old is not None}


def _again(item: Item, plan: Plan, lookup: Lookup, old: Kept) -> Finding:
    facts = _with_times(plan, lookup, Facts(**old.value["facts"]))
    status: Status = "ok" if facts.found else "not found"
    return Finding(
        item=item, provider=plan.name, subtype=lookup.subtype, status=status, facts=facts,
        at=old.value["at"], cached=True,
    )  # fmt: skip


def _with_times(plan: Plan, lookup: Lookup, facts: Facts) -> Facts:
    """The facts with a word on the range of time, where it was asked about and not heeded."""
    if not plan.ranged or lookup.start is not None or lookup.end is not None:
        return facts
    told = f"{plan.name} knows no times here: start and end were not heeded"
    return replace(facts, details={**facts.details, "times": told})


def _share(plan: Plan) -> Share[Batch, Told]:
    provider = plan.provider
    size = max(provider.batch, 1)
    lookups = list(plan.waiting)
    batches = [tuple(lookups[start : start + size]) for start in range(0, len(lookups), size)]
    return Share(
        name=plan.name,
        items=batches,
        ask=_asker(provider),
        workers=provider.limits.concurrency,
    )


def _asker(
    provider: LookupProvider,
) -> Callable[[Batch], Awaitable[Told]] | Callable[[Batch], Told]:
    """How a batch is asked; plain methods run in threads, others in the loop."""
    if provider.batch > 1 and provider.splits:
        ask_many = cast("AskMany", provider.ask_many)
        return cast("Callable[[Batch], Awaitable[Told]]", partial(in_halves, ask_many))
    if provider.batch > 1:
        return cast("Callable[[Batch], Told]", provider.ask_many)
    ask: Any = provider.ask
    if inspect.iscoroutinefunction(ask):

        async def one(batch: Batch) -> Told:
            return {batch[0]: await ask(batch[0])}

        return one
    return lambda batch: {batch[0]: ask(batch[0])}


def _take(plan: Plan, outcome: Outcome[Batch, Told], at: float, keeper: "_Keeper") -> None:
    told = outcome.answer or {}
    for lookup in outcome.item:
        facts: Facts | Exception | None = told.get(lookup)
        if isinstance(facts, Facts) and (fault := fault_of(facts)):
            facts = BadReply(f"{plan.name} gave {fault}", service=plan.name)
        for item in plan.waiting[lookup]:
            if isinstance(facts, Facts):
                noted = _with_times(plan, lookup, facts)
                plan.known[item] = answered(item, plan.name, lookup.subtype, noted, at)
            else:
                own = facts if isinstance(facts, Exception) else outcome.error
                problem = own or BadReply(
                    f"{plan.name} left it out of its reply", service=plan.name
                )
                plan.known[item] = failed(item, plan.name, lookup.subtype, problem, at)
        if isinstance(facts, Facts) and plan.provider.kept_s > 0:
            keeper.take(plan.provider, lookup, facts, at)


class _Keeper:
    """Keeps answers for next time, many in one transaction; failures never come here."""

    def __init__(self, session: Session) -> None:
        self._store = session.store
        self._ticks = session.network.clock.ticks
        self._waiting: dict[str, list[tuple[object, object]]] = {}
        self._due = self._ticks() + _KEPT_AFTER_S

    def take(self, provider: LookupProvider, lookup: Lookup, facts: Facts, at: float) -> None:
        """One more answer; it is on disk half a second later, or when `keep` is called."""
        told = {name: getattr(facts, name) for name in _FACTS} | {"details": dict(facts.details)}
        answer = (_key(lookup), {"at": at, "facts": told})
        self._waiting.setdefault(f"ti {provider.identity}", []).append(answer)
        if self._ticks() >= self._due:
            self.keep()

    def keep(self) -> None:
        """Write down what waits."""
        waiting, self._waiting = self._waiting, {}
        for kind, answers in waiting.items():
            try:
                self._store.put_many(kind, answers)
            except (TypeError, ValueError):  # one of them holds what JSON does not hold
                self._keep_singly(kind, answers)
        self._due = self._ticks() + _KEPT_AFTER_S

    def _keep_singly(self, kind: str, answers: Iterable[tuple[object, object]]) -> None:
        for key, answer in answers:
            with suppress(TypeError, ValueError):  # it is asked anew next time
                self._store.put(kind, key, answer)
