"""What the services of abuse.ch have in common: one key, and outcomes in ``query_status``.

Their outcome comes with status 200, also where nothing was found or the key is wrong:
https://urlhaus-api.abuse.ch/, https://threatfox.abuse.ch/api/, https://bazaar.abuse.ch/api/.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.replies import record
from huntkit.enrich.ti.service_words import refusal
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.secrets import Secret

_NOTHING = frozenset({"no_results", "no_result", "hash_not_found"})
TERMS = "fair use; one free key for all of abuse.ch: https://auth.abuse.ch"


@dataclass(frozen=True, kw_only=True)
class AbuseChSettings:
    """The key of abuse.ch, and where the service is."""

    auth_key: Secret | None = None
    base_url: str = ""


def headers(chosen: AbuseChSettings) -> Mapping[str, Any]:
    """The header with the key."""
    return {"Auth-Key": chosen.auth_key}


def answer(reply: Reply, service: str) -> dict[str, Any] | None:
    """The body of a reply; None if the service knows nothing.

    Raises:
        RequestFailed: the service refused; AccessDenied if it was for the key.
    """
    body = record(reply)
    status = body.get("query_status")
    if not isinstance(status, str):
        raise BadReply(f"{service} sent no query_status", service=service)
    if status in _NOTHING:
        return None
    if status != "ok":
        raise refusal(service, status)
    return body
