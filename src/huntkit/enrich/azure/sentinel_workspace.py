"""One Sentinel workspace: which it is, who asks, and how its things are asked for."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

from huntkit.core.errors import HuntkitError, UsageError, did_you_mean
from huntkit.enrich.azure.management import Management, resource_parts
from huntkit.enrich.azure.outcomes import Sent, send_each, table_of, told
from huntkit.runtime.session import Session, default_session
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.signin.workspaces import WorkspacesSection
from huntkit.tables import as_kind

VERSION: Final = "2025-09-01"
WORKSPACE: Final = (
    "/subscriptions/{sub}/resourceGroups/{grp}"
    "/providers/Microsoft.OperationalInsights/workspaces/{ws}"
)
_INSIGHTS: Final = "/providers/Microsoft.SecurityInsights"
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class SentinelWorkspace:
    """What all parts of `MicrosoftSentinel` share; see there."""

    def __init__(
        self,
        res_id: str | None = None,
        *,
        workspace: str | None = None,
        sub_id: str | None = None,
        res_grp: str | None = None,
        ws_name: str | None = None,
        identity: AzureIdentity | None = None,
        session: Session | None = None,
        base_url: str | None = None,
    ) -> None:
        if res_id is not None:
            parts = resource_parts(res_id)
            sub_id, res_grp = parts["subscription_id"], parts["resource_group"]
            ws_name = parts["name"]
        given = [sub_id, res_grp, ws_name]
        if (any(given) and not all(given)) or (workspace and any(given)):
            raise UsageError(
                "which workspace?",
                hint="MicrosoftSentinel(sub_id=..., res_grp=..., ws_name=...), its resource id, or "
                "workspace=... as the settings file names it",
            )
        self._named = workspace
        self._place: dict[str, str] | None = None
        if sub_id and res_grp and ws_name:
            self._place = {"sub": sub_id, "grp": res_grp, "ws": ws_name}
        self._identity = identity or AzureIdentity()
        self._session = session
        self._base_url = base_url
        self._made: Management | None = None
        self._sent: list[Sent] = []

    @property
    def resource_id(self) -> str:
        """The workspace's resource id."""
        return WORKSPACE.format(**self._workspace)

    @property
    def azure(self) -> Management:
        """What asks; made on first use."""
        if self._made is None:
            _ = self._workspace  # the settings may say which tenant signs in
            self._made = Management(self._used, self._identity, base_url=self._base_url)
        return self._made

    @property
    def last(self) -> Any:
        """What became of each row of the last bulk change, also where it was stopped."""
        return as_kind(table_of(self._sent), self._used.frame)

    def connect(self) -> None:
        """Sign in now rather than with the first question.

        Raises:
            AccessDenied: nobody could be signed in.
        """
        scope = f"{self._identity.hosts.management}/.default"
        AzureTokens(self._identity, scope).token(fresh=False)

    @staticmethod
    def workspace_of(portal_url: str) -> str:
        """The resource id of the workspace that a URL of the Azure portal shows.

        Raises:
            UsageError: it shows none.

        Examples:
            >>> SentinelWorkspace.workspace_of(
            ...     "https://portal.azure.com/#view/Microsoft_Azure_Security_Insights/Main/id/"
            ...     "%2Fsubscriptions%2F1%2FresourceGroups%2Frg%2Fproviders%2F"
            ...     "Microsoft.OperationalInsights%2Fworkspaces%2Fsoc")
            '/subscriptions/1/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/soc'
        """
        text = unquote(portal_url)
        words = text[text.lower().find("/subscriptions/") :].split("/")[:9]
        if len(words) < 9 or words[7].casefold() != "workspaces":
            raise UsageError("this URL shows no workspace", hint="open the workspace in the portal")
        found = "/".join([*words[:8], re.split(r"[?&#]", words[8])[0]])
        resource_parts(found)  # refuses what leads elsewhere
        return found

    get_resource_id_from_url = workspace_of

    def _list(self, path: str, **options: Any) -> Any:
        return self.azure.frame(list(self._all(path, **options)))

    def _all(
        self, path: str, *, fill: Mapping[str, str] | None = None, **options: Any
    ) -> Iterator[dict[str, Any]]:
        filled = {**self._workspace, **(fill or {})}
        return self.azure.all(f"{self._base}/{path}", VERSION, fill=filled, **options)

    def _one(self, path: str, *, version: str = VERSION, **fill: str) -> dict[str, Any]:
        return self.azure.one(f"{self._base}/{path}", version, fill={**self._workspace, **fill})

    def _send(
        self,
        method: str,
        path: str,
        *,
        version: str = VERSION,
        body: Any = None,
        etag: str | None = None,
        repeatable: bool | None = None,
        **fill: str,
    ) -> Any:
        return self.azure.ask(
            method, f"{self._base}/{path}", version, fill={**self._workspace, **fill}, body=body,
            etag=etag, repeatable=repeatable,
        )  # fmt: skip

    def _send_rows(
        self, items: Sequence[Any], send: Callable[[Any], str], sent: list[Sent], title: str
    ) -> tuple[Any, str]:
        """Send rows one by one; gives what became of each, and what to warn of.

        Raises:
            HuntkitError: nothing went.
        """
        self._sent = sent
        first: HuntkitError | None = send_each(
            items, send, sent, progress=self._used.progress, title=title
        )
        if first is not None and not any(each.outcome == "went" for each in sent):
            raise first
        return self.last, told((each.outcome, 1) for each in sent)

    def _by_name(self, things: Iterator[dict[str, Any]], wanted: str, what: str) -> dict[str, Any]:
        """The thing of that name, id or displayed name.

        Raises:
            UsageError: there is none, or there are several.
        """
        last = wanted.rstrip("/").rsplit("/", 1)[-1]
        known: list[str] = []
        found = []
        for thing in things:
            shown = str(thing.get("properties", {}).get("displayName", ""))
            if str(thing.get("name", "")).casefold() == last.casefold():
                return thing
            known.append(shown)
            if shown.casefold() == wanted.casefold():
                found.append(thing)
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(str(each["name"]) for each in found)
            raise UsageError(f"{wanted!r:.100} is the name of {len(found)} {what}s", hint=names)
        raise UsageError(
            f"the workspace has no {what} {wanted!r:.100}", hint=did_you_mean(wanted, known)
        )

    @property
    def _workspace(self) -> dict[str, str]:
        """Which workspace, by the settings where the constructor did not say.

        Raises:
            UsageError: the settings do not name it wholly.
        """
        if self._place is None:
            section = self._used.settings_section("MSSentinel", WorkspacesSection)
            known, found = section.workspaces, section.called(self._named)
            if found is None and self._named:
                raise UsageError(
                    f"the settings name no workspace {self._named!r:.80}",
                    hint=did_you_mean(self._named, known) or f"they name: {', '.join(known)}",
                )
            if found is None or not (found.subscription_id and found.resource_group):
                raise UsageError(
                    "which workspace?",
                    hint="MicrosoftSentinel(sub_id=..., res_grp=..., ws_name=...), or "
                    "SubscriptionId, ResourceGroup and WorkspaceName in the settings file",
                )
            name = found.workspace_name or self._named or ""
            self._place = {
                "sub": found.subscription_id, "grp": found.resource_group, "ws": name,
            }  # fmt: skip
            if found.tenant_id and not self._identity.tenant_id:
                self._identity = replace(self._identity, tenant_id=found.tenant_id)
        return self._place

    @property
    def _base(self) -> str:
        return WORKSPACE + _INSIGHTS

    @property
    def _used(self) -> Session:
        return self._session if self._session is not None else default_session()


def is_guid(text: str) -> bool:
    """Whether it is an id as Azure makes them.

    Examples:
        >>> is_guid("8ecf8077-cf51-4820-aadd-14040956f35d"), is_guid("Workspace")
        (True, False)
    """
    return _GUID.fullmatch(text) is not None
