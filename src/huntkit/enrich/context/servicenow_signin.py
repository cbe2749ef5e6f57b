"""Who asks ServiceNow: an application by OAuth, a key, or a user with a password.

Sources: "Client credentials grant workflow", "API key and HMAC authentication" of the product
documentation.
"""

import re
import threading
from typing import Final

from huntkit.core.errors import AccessDenied, BadReply, SettingsError
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session

_EARLY_S: Final = 60  # a token that ends sooner than this is not used any more
_USUAL_S: Final = 1800
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


def instance_url(instance: str, base_url: str) -> str:
    """The address of an instance by its name, unless the address itself is given.

    Raises:
        SettingsError: it is no name of an instance.

    Examples:
        >>> instance_url("acme", ""), instance_url("", "https://snow.corp.example/")
        ('https://acme.service-now.com', 'https://snow.corp.example')
    """
    given = (base_url or instance).strip().rstrip("/")
    if "://" in given or not given:
        return given
    plain = given.removesuffix(".service-now.com")
    if not _NAME.fullmatch(plain):
        raise SettingsError(
            f"{given[:60]!r} is no name of an instance of ServiceNow",
            hint="Instance: acme for https://acme.service-now.com, or BaseUrl: https://...",
        )
    return f"https://{plain}.service-now.com"


class ServiceNowTokens:
    """Tokens of an application, got with its secret; a token source of the HTTP client.

    Args:
        session: network and clock.
        base_url: the instance.
        client_id: the application.
        client_secret: its secret.
    """

    def __init__(
        self, session: Session, base_url: str, client_id: str, client_secret: Secret
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._form: dict[str, str | Secret] = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        self._lock = threading.Lock()
        self._kept: Secret | None = None
        self._ends = 0.0
        self._made: HttpClient | None = None

    def token(self, *, fresh: bool) -> Secret:
        """The token; a new one where the old one ends or was refused.

        Raises:
            AccessDenied: the application was refused.
        """
        with self._lock:
            now = self._session.network.clock.now().timestamp()
            if fresh or self._kept is None or self._ends - now < _EARLY_S:
                self._kept, lasts = self._asked()
                self._ends = now + lasts
            return self._kept

    def _asked(self) -> tuple[Secret, float]:
        # Of another name than the service itself, whose places are all taken by those who wait.
        if self._made is None:
            name = "ServiceNow sign-in"
            self._made = self._session.http(Service(name=name, base_url=self._base_url))
        reply = self._made.post("/oauth_token.do", form=self._form, repeatable=True)
        body = reply.json()
        if not isinstance(body, dict):
            raise BadReply("ServiceNow's sign-in answered with no record", service="ServiceNow")
        if body.get("error"):
            told = reply.hide(f"{body['error']} {body.get('error_description') or ''}".strip())
            raise AccessDenied(
                f"ServiceNow refused the application: {told[:200]}", service="ServiceNow",
                hint="look at ClientId and ClientSecret in the settings",
            )  # fmt: skip
        token, lasts = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not token:
            raise BadReply("ServiceNow's sign-in gave no token", service="ServiceNow")
        sound = isinstance(lasts, int | float) and lasts > 0
        return Secret.held(token), float(lasts or 0) if sound else _USUAL_S
