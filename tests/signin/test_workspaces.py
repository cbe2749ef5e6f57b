from huntkit.runtime.session import Session, Settings
from huntkit.signin.workspaces import WorkspacesSection


def test_a_workspace_is_found_by_its_name_in_whatever_case(tmp_path):
    path = tmp_path / "huntkit.yaml"
    path.write_text(
        "MSSentinel:\n  Workspaces:\n    Default: {WorkspaceId: id-0}\n    Lab: {WorkspaceId: id-1}"
    )
    with Session(Settings(cache_dir=tmp_path), settings_file=path) as session:
        known = session.settings_section("MSSentinel", WorkspacesSection)
    found = [known.called(name) for name in ("LAB", "default", "", None, "Labb")]
    assert [each and each.workspace_id for each in found] == ["id-1", "id-0", "id-0", "id-0", None]
