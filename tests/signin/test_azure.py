import logging
import time
from types import SimpleNamespace

import pytest

from huntkit.core.errors import AccessDenied, SettingsError
from huntkit.runtime.secrets import Secret
from huntkit.signin.azure import AzureIdentity, AzureTokens, _credential

SCOPE = "https://graph.example/.default"


class Known:
    """A credential that gives numbered tokens."""

    def __init__(self, lasts_s=3600.0):
        self.asked = []
        self.lasts_s = lasts_s

    def get_token(self, *scopes):
        self.asked.append(scopes)
        return SimpleNamespace(
            token=f"token-{len(self.asked)}", expires_on=time.time() + self.lasts_s
        )


def test_a_token_is_asked_for_once_and_again_where_the_service_refused_it():
    known = Known()
    source = AzureTokens(AzureIdentity(credential=known), SCOPE)
    assert source.token(fresh=False).reveal() == "token-1"
    assert source.token(fresh=False).reveal() == "token-1"
    assert known.asked == [(SCOPE,)]
    assert source.token(fresh=True).reveal() == "token-2"


def test_a_token_that_soon_ends_is_not_used_any_more():
    source = AzureTokens(AzureIdentity(credential=Known(lasts_s=100)), SCOPE)
    assert [source.token(fresh=False).reveal() for _ in range(2)] == ["token-1", "token-2"]


def test_a_given_token_that_was_refused_is_said():
    source = AzureTokens(AzureIdentity(token=Secret.held("abc")), SCOPE)
    assert source.token(fresh=False).reveal() == "abc"
    with pytest.raises(AccessDenied, match="not valid"):
        source.token(fresh=True)


def test_what_the_sign_in_says_comes_without_the_secret():
    class Broken:
        def get_token(self, *scopes):
            raise RuntimeError("AADSTS7000215: wrong secret canary-secret for app\nTrace: canary")

    identity = AzureIdentity(credential=Broken(), client_secret=Secret.held("canary-secret"))
    with pytest.raises(AccessDenied, match=r"AADSTS7000215: wrong secret \*\*\*\* for app") as told:
        AzureTokens(identity, SCOPE).token(fresh=False)
    assert told.value.__cause__ is None
    assert "canary" not in f"{told.value!r} {told.value} {identity!r}"


def test_faults_of_the_settings_are_said_before_anybody_is_asked():
    pytest.importorskip("azure.identity")
    with pytest.raises(SettingsError, match="tenant_id and client_id"):
        _credential(AzureIdentity(client_secret=Secret.held("x")))
    with pytest.raises(SettingsError, match="did you mean 'devicecode'"):
        _credential(AzureIdentity(auth_types=("device_code",)))


def test_the_ways_to_sign_in_come_in_their_order():
    pytest.importorskip("azure.identity")
    chain = _credential(AzureIdentity(auth_types=("cli", "env", "devicecode"), tenant_id="t"))
    assert [type(each).__name__ for each in chain.credentials] == [
        "AzureCliCredential", "EnvironmentCredential", "DeviceCodeCredential",
    ]  # fmt: skip
    silent = [type(each).__name__ for each in _credential(AzureIdentity()).credentials]
    assert not {"DeviceCodeCredential", "InteractiveBrowserCredential"} & set(silent)


def test_each_cloud_has_hosts_of_its_own():
    hosts = [AzureIdentity(cloud=each).hosts for each in ("global", "usgov", "china")]
    assert len({each.graph for each in hosts}) == 3
    assert all(each.management.startswith("https://") for each in hosts)


class Chatty:
    """A credential that logs as azure-identity's chain does, and fails."""

    def get_token(self, *scopes):
        logging.getLogger("azure.identity._credentials.chained").warning("nothing worked")
        raise RuntimeError(
            "ChainedTokenCredential failed.\nAttempted credentials:\n"
            "\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Not set.\n"
            "\tAzureCliCredential: Azure CLI not found on path\nTo mitigate this issue, read on"
        )


def refused(credential):
    with pytest.raises(AccessDenied) as told:
        AzureTokens(AzureIdentity(credential=credential), SCOPE).token(fresh=False)
    return str(told.value)


def test_a_failed_sign_in_is_told_once_with_each_way_that_was_tried(monkeypatch, capsys):
    shown = []
    last = logging.Handler()
    last.emit = shown.append
    monkeypatch.setattr(logging, "lastResort", last)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # nobody set up logging
    logging.getLogger("azure.identity").warning("as it would be")
    assert [record.getMessage() for record in shown] == ["as it would be"]
    assert refused(Chatty()).startswith(
        "signing in to Microsoft failed: Environment: authentication unavailable. Not set; "
        "AzureCli: Azure CLI not found on path (say how"
    )
    assert len(shown) == 1
    assert capsys.readouterr() == ("", "")
    assert logging.getLogger("azure.identity").handlers == []


def test_who_set_up_logging_still_gets_the_lines(caplog):
    refused(Chatty())
    assert caplog.messages == ["nothing worked"]


def test_the_code_to_sign_in_with_goes_to_stderr(capsys):
    pytest.importorskip("azure.identity")
    chain = _credential(AzureIdentity(auth_types=("devicecode",)))
    chain.credentials[0]._prompt_callback("https://microsoft.example/device", "ABC", None)
    out, err = capsys.readouterr()
    assert (out, err) == (
        "", "To sign in, open https://microsoft.example/device and enter the code ABC\n",
    )  # fmt: skip
