"""What did a sandbox see? Hybrid Analysis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, Severity, worst
from huntkit.enrich.ti.replies import as_record, listed, needed, number, said
from huntkit.enrich.ti.service_words import MAX_RAW
from huntkit.entities.indicators import normal_form
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

_VERDICTS: Final[Mapping[str, Severity]] = {
    "malicious": "high",
    "suspicious": "warning",
    "no specific threat": "information",
    "whitelisted": "information",
}
_HASH = Endpoint(path="/search/hash", method="POST", form={"hash": "{observable}"})


@dataclass(frozen=True, kw_only=True)
class HybridAnalysisSettings:
    """The key, and where the service is."""

    auth_key: Secret | None = None
    base_url: str = ""


class HybridAnalysis(HttpTIProvider):
    """Hybrid Analysis: verdicts of a sandbox on files, and on what files talked to."""

    name = "HybridAnalysis"
    takes: ClassVar = {
        "md5_hash": ("",), "sha1_hash": ("",), "sha256_hash": ("",), "dns": ("",), "ipv4": ("",),
        "url": ("",),
    }  # fmt: skip
    settings = HybridAnalysisSettings
    needs = ("auth_key",)
    base_url = "https://hybrid-analysis.com/api/v2"
    limits = Limits(concurrency=5, per_minute=200, per_hour=2000)
    home = "https://hybrid-analysis.com/docs/api/v2"
    terms = "free key for vetted users; https://hybrid-analysis.com/terms"
    endpoints: ClassVar = {
        ("md5_hash", ""): _HASH,
        ("sha1_hash", ""): _HASH,
        ("sha256_hash", ""): _HASH,
        **{
            (kind, ""): Endpoint(path="/search/terms", method="POST", form={word: "{observable}"})
            for kind, word in (("dns", "domain"), ("ipv4", "host"), ("url", "url"))
        },
    }

    def headers(self) -> Mapping[str, Any]:
        """The key; the service wants this very name of the asking program."""
        return {"api-key": self.chosen.auth_key, "User-Agent": "Falcon Sandbox"}

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """The worst report counts."""
        reports = _reports(reply, lists=lookup.ioc_type.endswith("_hash"))
        if not reports:
            return Facts.unknown()
        words = [str(each.get("verdict") or "").casefold() for each in reports]
        severity = worst([_VERDICTS.get(word, "unknown") for word in words])
        first = next(r for r, w in zip(reports, words, strict=True)
                     if _VERDICTS.get(w, "unknown") == severity)  # fmt: skip
        scores = [s for each in reports if (s := number(each, "threat_score")) is not None]
        about_file = lookup.ioc_type.endswith("_hash")
        bad = sum(word == "malicious" for word in words)
        reason = f"{bad} of {len(reports)} reports say malicious"
        if not about_file:
            reason = f"{bad} of {len(reports)} files that talked to it are malicious"
            severity = "warning" if severity == "high" else severity  # files, not the address
        digest = normal_form("sha256_hash", str(first.get("sha256", "")))
        return Facts(
            severity=severity,
            reason=reason,
            details={
                **said(first, "verdict", "vx_family", "type_short", "submit_name", "av_detect",
                       "sha256", "analysis_start_time", "tags"),
                "reports": len(reports),
                **({"threat_score": max(scores)} if scores else {}),
            },
            raw=reports[:MAX_RAW],
            reference=f"https://hybrid-analysis.com/sample/{digest}" if digest else "",
        )  # fmt: skip


def _reports(reply: Reply, *, lists: bool) -> list[dict[str, Any]]:
    """A list of reports of a file, or an object that has them: the service changed that once."""
    body = reply.json()
    if lists and isinstance(body, list):
        reports = [as_record(each, "a report") for each in body]
    else:
        body = as_record(body, "the reply")
        needed(body, "result", "reports")
        reports = [each for name in ("result", "reports") if name in body
                   for each in listed(body, name)]  # fmt: skip
    for each in reports:
        needed(each, "verdict", "sha256", "job_id")
    return reports
