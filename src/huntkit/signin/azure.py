"""Sign-in to Microsoft's clouds by azure-identity, which the extra ``azure`` installs.

Nothing is asked, and nothing imported, before the first token is wanted.
"""

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol

from huntkit.core.errors import AccessDenied, HuntkitError, SettingsError, did_you_mean
from huntkit.core.extras import require
from huntkit.runtime.secrets import Secret

Cloud = Literal["global", "usgov", "china"]
_EARLY_S: Final = 300  # a token that ends sooner than this is not used any more


@dataclass(frozen=True, kw_only=True, slots=True)
class CloudHosts:
    """Where one of Microsoft's clouds is; they share nothing.

    Hosts are as Microsoft's pages on national clouds name them.
    """

    authority: str
    management: str
    graph: str
    log_analytics: str
    monitor: str  # for whom tokens of the Logs Ingestion API are


CLOUDS: Final[Mapping[str, CloudHosts]] = MappingProxyType(
    {
        "global": CloudHosts(
            authority="login.microsoftonline.com",
            management="https://management.azure.com",
            graph="https://graph.microsoft.com",
            log_analytics="https://api.loganalytics.azure.com",
            monitor="https://monitor.azure.com",
        ),
        "usgov": CloudHosts(
            authority="login.microsoftonline.us",
            management="https://management.usgovcloudapi.net",
            graph="https://graph.microsoft.us",
            log_analytics="https://api.loganalytics.us",
            monitor="https://monitor.azure.us",
        ),
        "china": CloudHosts(
            authority="login.chinacloudapi.cn",
            management="https://management.chinacloudapi.cn",
            graph="https://microsoftgraph.chinacloudapi.cn",
            log_analytics="https://api.loganalytics.azure.cn",
            monitor="https://monitor.azure.cn",
        ),
    }
)


class Credential(Protocol):
    """Anything of azure-identity, or what behaves like it."""

    def get_token(self, *scopes: str) -> Any:
        """An object with ``token`` and ``expires_on`` (seconds since 1970)."""


@dataclass(frozen=True, kw_only=True)
class AzureIdentity:
    """Who asks Microsoft's services, and how they sign in.

    With a client secret or certificate the application signs in; else the methods of
    ``auth_types`` are tried in their order, by default those that ask nobody anything: ``env``,
    ``workload``, ``msi``, ``cli``, ``powershell``.

    Attributes:
        cloud: ``global``, ``usgov`` or ``china``.
        tenant_id: the directory.
        client_id: the application, or the user-assigned managed identity.
        client_secret: the application's secret.
        certificate: a PEM or PFX file with the application's certificate and key.
        certificate_password: what opens that file.
        auth_types: how to sign in: any of ``env workload msi cli powershell devicecode
            interactive``. The last two talk to the person at the keyboard.
        token: a bearer token that was got elsewhere (``az account get-access-token``).
        credential: a credential object of azure-identity.
    """

    cloud: Cloud = "global"
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    certificate: Path | None = None
    certificate_password: Secret | None = None
    auth_types: Sequence[str] = ()
    token: Secret | None = None
    credential: Any = None

    @property
    def hosts(self) -> CloudHosts:
        """Where the services of this cloud are."""
        return CLOUDS[self.cloud]


class AzureTokens:
    """Bearer tokens of an identity for one service; a token source of the HTTP client.

    Args:
        identity: who asks.
        scope: what for, such as ``https://graph.microsoft.com/.default``.

    Examples:
        >>> source = AzureTokens(AzureIdentity(token=Secret.held("abc")), "https://x.example/.default")
        >>> source.token(fresh=False)
        Secret('****')
    """

    def __init__(self, identity: AzureIdentity, scope: str) -> None:
        self._identity = identity
        self._scope = scope
        self._lock = threading.Lock()
        self._credential: Credential | None = None
        self._kept: Secret | None = None
        self._ends = 0.0

    def token(self, *, fresh: bool) -> Secret:
        """The token; may block, for as long as a person needs to sign in where that was chosen.

        Raises:
            AccessDenied: nobody could be signed in.
            MissingExtra: azure-identity is not installed.
            SettingsError: the settings name no way to sign in.
        """
        given = self._identity.token
        if given is not None:
            if fresh:
                raise AccessDenied(
                    "the token that was given is not valid (any more)",
                    service="Microsoft",
                    hint="get a new one, or let huntkit sign in (pip install 'huntkit[azure]')",
                )
            return given
        with self._lock:
            if fresh:
                self._credential, self._kept = None, None
            if self._kept is None or self._ends - time.time() < _EARLY_S:
                self._kept, self._ends = self._asked()
            return self._kept

    def _asked(self) -> tuple[Secret, float]:
        if self._credential is None:
            self._credential = self._identity.credential or _made(self._identity)
        try:
            with _quiet():
                found = self._credential.get_token(self._scope)
        except Exception as problem:  # noqa: BLE001  azure-identity's errors have no common root
            said = _reasons(str(problem)) or type(problem).__name__
            raise AccessDenied(
                f"signing in to Microsoft failed: {_plain(said, self._identity)}",
                service="Microsoft",
                hint="say how with auth_types=, such as ['devicecode'], or run: az login",
            ) from None  # what azure-identity raised may hold the request
        return Secret.held(str(found.token)), float(found.expires_on)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep azure-identity's log lines off the screen of people who set up no logging.

    Python writes warnings to stderr only where no logger has a handler. One that does nothing is
    put there for as long as we ask: whoever set up logging still gets every line.
    """
    logger, silent = logging.getLogger("azure.identity"), logging.NullHandler()
    logger.addHandler(silent)
    try:
        yield
    finally:
        logger.removeHandler(silent)


_ATTEMPT: Final = re.compile(r"^\s+(\w+?)(?:Credential)?: (?:\1Credential )?(.*)$")


def _reasons(text: str) -> str:
    r"""Why signing in failed: the first line, or each way that was tried and what came of it.

    Examples:
        >>> _reasons("None worked.\nAttempted:\n\tAzureCliCredential: not found on path")
        'AzureCli: not found on path'
        >>> _reasons("AADSTS7000215: wrong secret\nTrace: 1")
        'AADSTS7000215: wrong secret'
    """
    lines = text.strip().splitlines()
    tried = [f"{found[1]}: {found[2].strip(' .')}" for found in map(_ATTEMPT.match, lines) if found]
    return "; ".join(tried) or (lines[0] if lines else "")


def _plain(text: str, identity: AzureIdentity) -> str:
    for secret in (identity.client_secret, identity.certificate_password):
        if secret is not None:
            text = text.replace(secret.reveal(), "****")
    return text[:500]


def _made(identity: AzureIdentity) -> Credential:
    """The credential; a certificate that can't be read is an error of the settings."""
    try:
        return _credential(identity)
    except (ValueError, OSError) as problem:
        if isinstance(problem, HuntkitError):
            raise
        said = _plain(str(problem), identity)
    raise SettingsError(
        f"the certificate {str(identity.certificate)!r} can't be used: {said}",
        hint="it is a PEM or PFX file with its key; certificate_password= opens it",
    )


def _credential(identity: AzureIdentity) -> Credential:
    library: Any = require("azure.identity", extra="azure")
    authority = identity.hosts.authority
    tenant, client = identity.tenant_id, identity.client_id
    if identity.client_secret is not None or identity.certificate is not None:
        missing = [n for n in ("tenant_id", "client_id") if not getattr(identity, n)]
        if missing:
            raise SettingsError(
                f"an application that signs in needs {' and '.join(missing)}, too",
                hint="they stand on the application's page in Entra ID",
            )
    if identity.client_secret is not None:
        made = library.ClientSecretCredential(
            tenant, client, identity.client_secret.reveal(), authority=authority
        )
    elif identity.certificate is not None:
        key = identity.certificate_password
        made = library.CertificateCredential(
            tenant,
            client,
            str(identity.certificate),
            password=key.reveal() if key is not None else None,
            authority=authority,
        )
    else:
        made = library.ChainedTokenCredential(*_chain(library, identity))
    credential: Credential = made
    return credential


def _prompt(address: str, code: str, _: datetime) -> None:
    """Ask for the code on stderr: azure-identity would write to stdout, where the data goes."""
    sys.stderr.write(f"To sign in, open {address} and enter the code {code}\n")
    sys.stderr.flush()


_SILENT: Final = ("env", "workload", "msi", "cli", "powershell")


def _chain(library: Any, identity: AzureIdentity) -> list[Any]:
    authority, tenant, client = identity.hosts.authority, identity.tenant_id, identity.client_id
    asked = {"authority": authority, **({"tenant_id": tenant} if tenant else {})}
    person = {**asked, **({"client_id": client} if client else {})}
    makers: dict[str, Callable[[], Any]] = {
        "env": lambda: library.EnvironmentCredential(authority=authority),
        "workload": lambda: library.WorkloadIdentityCredential(**person),
        "msi": lambda: library.ManagedIdentityCredential(
            **({"client_id": client} if client else {})
        ),
        "cli": lambda: library.AzureCliCredential(tenant_id=tenant or ""),
        "powershell": lambda: library.AzurePowerShellCredential(tenant_id=tenant or ""),
        "devicecode": lambda: library.DeviceCodeCredential(**person, prompt_callback=_prompt),
        "interactive": lambda: library.InteractiveBrowserCredential(**person),
    }
    wanted = tuple(identity.auth_types) or _SILENT
    unknown = [each for each in wanted if each not in makers]
    if unknown:
        raise SettingsError(
            f"auth_types: there is no {unknown[0]!r} {did_you_mean(unknown[0], makers)}".strip(),
            hint=f"it takes: {', '.join(makers)}",
        )
    chain = []
    for each in wanted:
        try:
            chain.append(makers[each]())
        except ValueError:  # workload identity without its environment variables
            if identity.auth_types:
                raise SettingsError(f"auth_types: {each!r} is not set up on this machine") from None
    return chain
