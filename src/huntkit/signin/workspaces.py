"""The Sentinel workspaces that the settings file names, for all that talk to them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class NamedWorkspace:
    """One entry of ``Workspaces`` in the settings file."""

    workspace_id: str = ""
    tenant_id: str = ""
    subscription_id: str = ""
    resource_group: str = ""
    workspace_name: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkspacesSection:
    """The section ``MSSentinel`` (or ``AzureSentinel``) of the settings file."""

    workspaces: dict[str, NamedWorkspace] = field(default_factory=dict)

    def called(self, name: str | None) -> NamedWorkspace | None:
        """The workspace of that name, in whatever case; without a name, the one named ``Default``.

        Examples:
            >>> known = WorkspacesSection(workspaces={"Soc": NamedWorkspace(workspace_id="1")})
            >>> known.called("SOC").workspace_id, known.called(None)
            ('1', None)
        """
        wanted = (name or "Default").casefold()
        return next((w for known, w in self.workspaces.items() if known.casefold() == wanted), None)
