"""Does our own OpenCTI know it?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.feed_values import compared
from huntkit.enrich.ti.feed_verdicts import confident
from huntkit.enrich.ti.http_provider import HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import as_record, member, members, needed, number, record, said
from huntkit.enrich.ti.service_words import MAX_RAW, https_link, refusal
from huntkit.enrich.ti.stix_patterns import observed, quoted
from huntkit.enrich.ti.times import in_range, ranged, valid_in_range
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

_PAGE: Final = 500
_MOST_PAGES: Final = 100
# Files are found by their hashes, and shown by their names, so the hashes are asked for.
_QUERY: Final = """query Look($first: Int, $seen: FilterGroup, $said: FilterGroup,
                            $seenAfter: ID, $saidAfter: ID) {
  stixCyberObservables(first: $first, after: $seenAfter, filters: $seen) { edges { node {
    id entity_type observable_value x_opencti_score x_opencti_description
    objectLabel { value } objectMarking { definition } createdBy { name } created_at updated_at
    ... on StixFile { hashes { algorithm hash } }
    ... on Artifact { hashes { algorithm hash } }
    ... on X509Certificate { hashes { algorithm hash } }
  } } pageInfo { hasNextPage endCursor } }
  indicators(first: $first, after: $saidAfter, filters: $said) { edges { node {
    id name description pattern pattern_type valid_from valid_until revoked confidence
    x_opencti_score indicator_types objectLabel { value } objectMarking { definition }
  } } pageInfo { hasNextPage endCursor } }
}"""
_HASHES: Final = {"md5_hash": "hashes.MD5", "sha1_hash": "hashes.SHA-1",
                  "sha256_hash": "hashes.SHA-256", "sha512_hash": "hashes.SHA-512"}  # fmt: skip
_SEEN: Final = "stixCyberObservables"
_SAID: Final = "indicators"


@dataclass(frozen=True, kw_only=True)
class OpenCTISettings:
    """The platform and a user's token."""

    base_url: str = ""
    auth_key: Secret | None = None


class OpenCTI(HttpTIProvider):
    """OpenCTI: observables and indicators of the organisation's own platform."""

    name = "OpenCTI"
    takes: ClassVar = dict.fromkeys(("ipv4", "ipv6", "dns", "url", "email", *_HASHES), ("",))
    settings = OpenCTISettings
    needs = ("base_url", "auth_key")
    base_url = ""
    endpoints: ClassVar = {}
    limits = Limits(concurrency=8)
    batch = 50
    splits = True
    takes_times = True
    internal = True
    kept_s = 3600.0
    home = "https://docs.opencti.io/latest/reference/api/"
    terms = "your own platform"

    def headers(self) -> Mapping[str, Any]:
        """The token."""
        return {"Authorization": ("Bearer ", self.chosen.auth_key or "")}

    async def ask(self, lookup: Lookup) -> Facts:
        """What the platform knows about one indicator."""
        return (await self.ask_many([lookup]))[lookup]

    async def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """Observables by their value, indicators by their pattern; of many in one question."""
        keys: dict[str, list[str]] = {}
        for each in lookups:
            keys.setdefault(_HASHES.get(each.ioc_type, "value"), []).append(each.value)
        variables: dict[str, Any] = {
            "first": _PAGE,
            "seen": _filter([(key, "eq", values) for key, values in keys.items()]),
            "said": _filter([("pattern", "contains", [quoted(each.value) for each in lookups])]),
        }
        found: dict[str, dict[str, dict[str, Any]]] = {_SEEN: {}, _SAID: {}}
        for _ in range(_MOST_PAGES):
            body = {"query": _QUERY, "variables": variables}
            data = self._data(await self.http.apost("/graphql", json=body, repeatable=True))
            before = sum(map(len, found.values()))
            for name, nodes in found.items():
                nodes |= {str(each.get("id")): each for each in _nodes(data, name)}
            seen, said_ = (_next_page(data, name) for name in found)
            if seen is None and said_ is None:
                return self._told(lookups, list(found[_SEEN].values()), list(found[_SAID].values()))
            if sum(map(len, found.values())) == before:
                raise BadReply("OpenCTI has more pages, and repeats one", service=self.name)
            # A list that is at its end gives its last page again, which does no harm.
            variables |= {"seenAfter": seen or variables.get("seenAfter"),
                          "saidAfter": said_ or variables.get("saidAfter")}  # fmt: skip
        raise BadReply("OpenCTI has pages without end", service=self.name)

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """What one page says about one indicator."""
        data = self._data(reply)
        return self._told([lookup], _nodes(data, _SEEN), _nodes(data, _SAID))[lookup]

    def _data(self, reply: Reply) -> dict[str, Any]:
        """Errors come with status 200; half an answer is none."""
        body = record(reply)
        if errors := members(body, "errors"):
            first = errors[0]
            code = str(member(first, "extensions").get("code") or first.get("name") or "")
            raise refusal(self.name, f"{code} {first.get('message', '')}".strip())
        data = as_record(body.get("data"), "'data'")
        for name in (_SEEN, _SAID):
            needed(as_record(data.get(name), repr(name)), "edges")
        return data

    def _told(
        self,
        lookups: Sequence[Lookup],
        seen: Sequence[Mapping[str, Any]],
        said_: Sequence[Mapping[str, Any]],
    ) -> dict[Lookup, Facts]:
        by_value = _by_key((value, each) for each in seen for value in _values(each))
        stix = [each for each in said_ if each.get("pattern_type") in (None, "stix")]
        by_pattern = _by_key(
            (one.value, each) for each in stix for one in observed(str(each.get("pattern", "")))
        )
        # Of another language: the value stands in it, in quotes.
        others = [(str(each.get("pattern", "")).casefold(), each) for each in said_
                  if each.get("pattern_type") not in (None, "stix")]  # fmt: skip
        facts: dict[Lookup, Facts] = {}
        for lookup, key in zip(lookups, _keys([each.value for each in lookups]), strict=True):
            text = quoted(lookup.value).casefold()
            indicators = [*by_pattern.get(key, ()), *(e for p, e in others if text in p)]
            facts[lookup] = self._facts(lookup, by_value.get(key, ()), indicators)
        return facts

    def _facts(
        self,
        lookup: Lookup,
        held: Sequence[Mapping[str, Any]],
        about: Sequence[Mapping[str, Any]],
    ) -> Facts:
        about = [each for each in about if each.get("revoked") is not True]
        said_ = [e for e in about if _valid(lookup, e)]
        seen = [e for e in held if in_range(lookup, e.get("created_at"), e.get("updated_at"))]
        if not seen and not said_:
            past = ranged(lookup) and (about or held)
            why = "OpenCTI knows it, but nothing from the time that was asked about"
            return Facts(found=False, reason=why if past else "")
        nodes = [*said_, *seen]
        scores = [s for each in nodes if (s := number(each, "x_opencti_score")) is not None]
        labels = [str(one.get("value")) for each in nodes for one in members(each, "objectLabel")]
        marks = [str(m.get("definition")) for each in nodes for m in members(each, "objectMarking")]
        first = nodes[0]
        kind = "indicators" if said_ else "observables"
        base = str(self.chosen.base_url).rstrip("/")
        return Facts(
            severity=confident(max(scores)) if scores else "unknown",
            reason=f"score {max(scores):g} of 100" if scores else "known, without a score",
            details={
                "indicators": len(said_),
                "observables": len(seen),
                "labels": list(dict.fromkeys(labels)),
                "markings": list(dict.fromkeys(marks)),
                **said(first, "name", "description", "valid_until", "confidence"),
            },
            raw={_SEEN: list(seen[:MAX_RAW]), _SAID: list(said_[:MAX_RAW])},
            reference=https_link(f"{base}/dashboard/observations/{kind}/{first.get('id')}"),
        )


def _valid(lookup: Lookup, indicator: Mapping[str, Any]) -> bool:
    return valid_in_range(lookup, indicator.get("valid_from"), indicator.get("valid_until"))


def _filter(conditions: Sequence[tuple[str, str, Sequence[str]]]) -> dict[str, Any]:
    """Any of the conditions; each holds if any of its values does."""
    return {
        "mode": "or",
        "filters": [
            {"key": key, "operator": operator, "values": list(values), "mode": "or"}
            for key, operator, values in conditions
        ],
        "filterGroups": [],
    }


def _nodes(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    edges = members(member(data, name), "edges")
    return [as_record(each.get("node"), "'node'") for each in edges]


def _next_page(data: Mapping[str, Any], name: str) -> str | None:
    """Where the next page begins; None if this was the last one."""
    info = as_record(member(data, name).get("pageInfo"), "'pageInfo'")
    needed(info, "hasNextPage")
    if not info["hasNextPage"]:
        return None
    if not info.get("endCursor"):
        raise BadReply("OpenCTI has more pages, and does not say where", service="OpenCTI")
    return str(info["endCursor"])


def _values(observable: Mapping[str, Any]) -> Iterator[str]:
    yield str(observable.get("observable_value") or "")
    for each in members(observable, "hashes"):
        yield str(each.get("hash") or "")


def _by_key(
    pairs: Iterator[tuple[str, Mapping[str, Any]]],
) -> dict[str, list[Mapping[str, Any]]]:
    """The things by the form of their values in which values are compared; each once."""
    known = list(pairs)
    found: dict[str, list[Mapping[str, Any]]] = {}
    for key, (_, each) in zip(_keys([value for value, _ in known]), known, strict=True):
        ours = found.setdefault(key, [])
        if key and not any(each is other for other in ours):
            ours.append(each)
    return found


def _keys(values: Sequence[str]) -> list[str]:
    return compared(pl.Series(values, dtype=pl.String)).to_list()
