"""Which workspace it is: by its id, by the portal's URL, by the settings file, by its name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huntkit.core.errors import UsageError
from huntkit.enrich import AzureSentinel
from huntkit.enrich.azure.sentinel import VERSION, MicrosoftSentinel
from huntkit.runtime import Session, Settings
from huntkit.signin.azure import AzureIdentity
from servers import Answer, Asked

WORKSPACE = (
    "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/soc"
)
PORTAL = (
    "https://portal.azure.com/#view/Microsoft_Azure_Security_Insights/MainMenuBlade/~/0/id/"
    + WORKSPACE.replace("/", "%2F")
    + "?x=y"
)
ROW = {"id": WORKSPACE, "name": "soc", "subscriptionId": "s1", "resourceGroup": "rg",
       "tenantId": "t1", "workspaceId": "8ecf8077-cf51-4820-aadd-14040956f35d"}  # fmt: skip


def test_a_workspace_is_named_wholly() -> None:
    for given in ({"sub_id": "s1", "ws_name": "soc"}, {"workspace": "x", "sub_id": "s1"}):
        with pytest.raises(UsageError, match="which workspace"):
            MicrosoftSentinel(**given)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="shows no workspace"):
        MicrosoftSentinel.workspace_of("https://portal.azure.com/#home")
    with pytest.raises(UsageError, match="no resource id"):
        MicrosoftSentinel.workspace_of(PORTAL.replace("s1", ".."))
    assert MicrosoftSentinel.get_resource_id_from_url(PORTAL) == WORKSPACE
    assert AzureSentinel is MicrosoftSentinel


def test_names_never_leave_their_place(server: Any, sentinel: MicrosoftSentinel) -> None:
    server.handler = lambda _: Answer(json={"value": []})
    sentinel.list_watchlist_items("../../x?y=1")
    assert "%2F" in server.asked[-1].target
    assert server.asked[-1].params == {"api-version": VERSION}


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    path = tmp_path / "huntkit.yaml"
    path.write_text(
        "AzureSentinel:\n  Workspaces:\n"
        "    Default: {WorkspaceId: w1, TenantId: t1, SubscriptionId: s1, ResourceGroup: rg,"
        " WorkspaceName: soc}\n"
        "    Lab: {WorkspaceId: w2, TenantId: t2, SubscriptionId: s2, ResourceGroup: rg2}\n"
        "    Bare: {WorkspaceId: w3, TenantId: t3}\n"
    )
    return path


def test_the_settings_file_names_workspaces(
    settings_file: Path, tmp_path: Path, identity: AzureIdentity
) -> None:
    with Session(Settings(cache_dir=tmp_path), settings_file=settings_file) as session:

        def made(workspace: str | None = None) -> MicrosoftSentinel:
            return MicrosoftSentinel(workspace=workspace, session=session, identity=identity)

        assert made().resource_id == WORKSPACE
        assert made("lab").resource_id == WORKSPACE.replace("s1", "s2").replace(
            "/rg/", "/rg2/"
        ).replace("soc", "lab")
        sentinel = made("Lab")
        _ = sentinel.azure
        assert sentinel._identity.tenant_id == "t2"
        with pytest.raises(UsageError, match="did you mean 'Lab'"):
            _ = made("Labb").resource_id
        with pytest.raises(UsageError, match="SubscriptionId, ResourceGroup"):
            _ = made("Bare").resource_id


def graph(*rows: dict[str, str]) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        assert asked.path == "/providers/Microsoft.ResourceGraph/resources"
        return Answer(json={"data": list(rows), "resultTruncated": "false"})

    return answer


def test_a_workspace_is_found_by_url_id_and_name(
    http_server: Callable[..., Any], session: Session, identity: AzureIdentity
) -> None:
    server = http_server(graph(ROW))
    asked = {"identity": identity, "session": session, "base_url": server.url}
    entry = {"soc": {"WorkspaceId": ROW["workspaceId"], "TenantId": "t1", "SubscriptionId": "s1",
                     "ResourceGroup": "rg", "WorkspaceName": "soc"}}  # fmt: skip
    assert MicrosoftSentinel.get_workspace_details_from_url(PORTAL, **asked) == entry
    assert MicrosoftSentinel.get_workspace_settings(ROW["workspaceId"], **asked) == entry
    name = "it's\\' or 1"
    assert MicrosoftSentinel.get_workspace_settings_by_name(name, "s1", "rg", **asked) == entry
    assert MicrosoftSentinel.get_workspace_id("soc", **asked) == ROW["workspaceId"]
    assert MicrosoftSentinel.get_workspace_name(ROW["workspaceId"], **asked) == "soc"
    queries = [each.json()["query"] for each in server.asked]
    assert f"id =~ '{WORKSPACE}'" in queries[0]
    assert "customerId =~ '8ecf8077" in queries[1]
    assert (
        "name =~ 'it\\'s\\\\\\' or 1' and subscriptionId =~ 's1' and resourceGroup =~ 'rg'"
        in queries[2]
    )


def test_no_workspace_and_several_are_errors(
    http_server: Callable[..., Any], session: Session, identity: AzureIdentity
) -> None:
    server = http_server(graph())
    asked = {"identity": identity, "session": session, "base_url": server.url}
    with pytest.raises(UsageError, match="nobody can see"):
        MicrosoftSentinel.get_workspace_settings_by_name("soc", **asked)
    server.handler = graph(ROW, ROW)
    with pytest.raises(UsageError, match="several such workspaces"):
        MicrosoftSentinel.get_workspace_settings_by_name("soc", **asked)
    with pytest.raises(UsageError, match="workspace_id or resource_id"):
        MicrosoftSentinel.get_workspace_settings(**asked)
