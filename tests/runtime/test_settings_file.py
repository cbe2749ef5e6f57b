import traceback
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import SettingsError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.settings_file import SettingsFile, load

SECRET = "s3cr3t-k3y-0123456789"

# The sections and forms that msticpy users have.
EXISTING = """
AzureSentinel:
  Workspaces:
    Default:
      WorkspaceId: "d973e3d2-28e6-4375-8a68-a8f6e4f7e8b4"
      TenantId: "72f988bf-0000-0000-0000-2d7cd011db47"
QueryDefinitions:
  Custom:
    - ./queries
TIProviders:
  OTX:
    Args:
      AuthKey:
        EnvironmentVar: OTX_AUTH
    Primary: True
    Provider: "OTX"
  XForce:
    Args: {ApiID: {KeyVault: }, AuthKey: {KeyVault: xforce-key}}
    Primary: False
    Enabled: no
    Provider: XForce
  Tor:
OtherProviders:
  GeoIPLite: {Args: {AuthKey: {EnvironmentVar: GEO}, DBFolder: ~/geo}, Provider: GeoLiteLookup}
DataProviders:
  Splunk: {Args: {host: splunk.example}}
Azure: {cloud: global, auth_methods: [cli, msi]}
KeyVault: {VaultName: hunting, UseKeyring: true}
msticpy: {FriendlyExceptions: true}
UserDefaults: {LoadComponents: {TILookup: }}
"""


@dataclass(frozen=True, kw_only=True)
class Keys:
    auth_key: Secret
    api_id: Secret | None = field(default=None, metadata={"aliases": ("ApiID",)})


@dataclass(frozen=True, kw_only=True)
class Workspace:
    workspace_id: str
    tenant_id: str


@dataclass(frozen=True, kw_only=True)
class Workspaces:
    workspaces: dict[str, Workspace] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Nothing:
    pass


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> SettingsFile:
        path = tmp_path / "msticpyconfig.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)

    return write


def test_an_existing_file_is_read_as_it_is(written) -> None:
    file = written(EXISTING)
    assert (file.faults, file.warnings) == ([], [])
    assert file.configured("TIProviders") == ["OTX", "XForce", "Tor"]
    otx = file.entry("TIProviders", "otx", Keys)
    assert otx is not None
    assert (otx.name, otx.provider, otx.primary, otx.enabled) == ("OTX", "OTX", True, True)
    assert otx.args == Keys(auth_key=Secret("env:OTX_AUTH"))
    xforce = file.entry("TIProviders", "XForce", Keys)
    assert xforce is not None
    assert (xforce.primary, xforce.enabled) == (False, False)
    assert xforce.args.auth_key == Secret("keyvault:hunting/xforce-key")
    assert xforce.args.api_id == Secret("keyvault:hunting/TIProviders-XForce-Args-ApiID")
    tor = file.entry("TIProviders", "Tor", Nothing)
    assert tor is not None
    assert (tor.provider, tor.primary, tor.enabled) == ("Tor", None, True)
    assert file.entry("TIProviders", "AbuseIPDB", Keys) is None
    for name in ("MSSentinel", "AzureSentinel"):
        workspaces = file.section(name, Workspaces).workspaces
        assert workspaces["Default"].tenant_id.startswith("72f988bf")
    assert file.has("azure")
    assert not file.has("huntkit")


def test_an_unknown_section_is_a_warning(written) -> None:
    file = written("TIProvders:\n  OTX:\nuserdefaults: 1\n")
    (told,) = file.warnings
    assert str(told).startswith("line 1: TIProvders is no section that huntkit knows")
    assert "did you mean 'TIProviders'" in str(told)
    assert file.faults == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("TIProviders: 5", "line 1: TIProviders must be a block of providers"),
        ("TIProviders: [OTX]", "line 1: TIProviders must be a block of providers"),
        ("\nTIProviders:\n  OTX: key", "line 3: TIProviders.OTX must be a block with Args"),
        ("TIProviders:\n  OTX:\n    Primary: x", "line 3: TIProviders.OTX.Primary must be true"),
        ("KeyVault: {VaultName: [a]}", "line 1: KeyVault.VaultName must be a text"),
        ("a: [", "no valid YAML"),
    ],
)  # fmt: skip
def test_a_wrong_shape_is_a_fault_and_raises_nothing(text: str, fault: str, written) -> None:
    file = written(text)
    assert any(fault in str(each) for each in file.faults), file.faults
    assert file.told() == [str(each) for each in sorted(file.faults)]


def test_a_fault_of_one_provider_harms_no_other(written) -> None:
    file = written(
        "TIProviders:\n  OTX:\n    Primary: perhaps\n    Args: {AuthKey: env:A}\n"
        "  XForce:\n    Args: {AuthKey: env:B}\n"
    )
    assert file.entry("TIProviders", "XForce", Keys) is not None
    with pytest.raises(SettingsError, match=r"line 3: TIProviders\.OTX\.Primary") as caught:
        file.entry("TIProviders", "OTX", Keys)
    assert caught.value.context["faults"] == [
        "line 3: TIProviders.OTX.Primary must be true or false"
    ]


def test_every_fault_of_all_known_entries_is_told_at_once(written) -> None:
    text = "TIProviders:\n  OTX: {Args: {}}\n  XForce: {Args: {AuthKey: [1]}, Primary: 3}\n"
    assert len(written(text + "a: [").faults) == 1  # of what is no YAML nothing more is known
    file = written(text)
    kinds = {("TIProviders", "OTX"): Keys, ("TIProviders", "XForce"): Keys, ("X", "y"): Keys}
    assert [fault.path for fault in file.check(kinds)] == [
        "TIProviders.OTX.Args",
        "TIProviders.XForce.Args.AuthKey",
        "TIProviders.XForce.Primary",
    ]


def test_a_file_that_can_not_be_read_refuses_what_may_stand_in_it(written, tmp_path) -> None:
    file = written("TIProviders: {OTX: [")
    with pytest.raises(SettingsError, match="no valid YAML"):
        file.entry("TIProviders", "OTX", Keys)
    with pytest.raises(SettingsError, match="no valid YAML"):
        file.section("Azure", Nothing)
    missing = load(tmp_path / "missing.yaml")
    with pytest.raises(SettingsError, match="can't be read: No such file"):
        missing.entry("TIProviders", "OTX", Keys)
    assert load(tmp_path).faults != []
    assert load(None).entry("TIProviders", "OTX", Keys) is None


def test_no_fault_shows_a_secret(written) -> None:
    file = written(
        f"TIProviders:\n  OTX:\n    Args: {{AuthKey: [{SECRET}], ApiID: {{x: {SECRET}}}}}\n"
        f"    Primary: {SECRET}\nAzure: {SECRET}\nhuntkit:\n  frame: {SECRET}\n"
    )
    shown = [*file.told(), repr(file)]
    for ask in (
        lambda: file.entry("TIProviders", "OTX", Keys),
        lambda: file.section("Azure", Workspaces),
    ):
        with pytest.raises(SettingsError) as caught:
            ask()
        shown += traceback.TracebackException.from_exception(
            caught.value, capture_locals=True
        ).format()
        shown += [repr(caught.value.context)]
    assert not any(SECRET in each for each in shown)


@given(st.text(max_size=300))
def test_no_text_breaks_loading(tmp_path_factory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(("TIProviders:\n " + text).encode("utf-8", "surrogatepass"))
    file = load(path)
    for name in file.configured("TIProviders"):
        try:
            file.entry("TIProviders", name, Keys)
        except SettingsError:
            continue
