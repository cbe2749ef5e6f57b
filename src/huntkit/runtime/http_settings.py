"""How a session reaches the network: proxy, certificates, and how it names itself."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from huntkit.core.errors import SettingsError
from huntkit.core.version import VERSION
from huntkit.runtime.secrets import Secret

USER_AGENT: Final = f"huntkit/{VERSION}"


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpSettings:
    """Settings of the network that are the same for every service.

    There is none that switches the verification of certificates off: name the certificate of
    your own authority in `ca_bundle` instead.

    Attributes:
        proxy: the URL of a proxy for http and https; None: what ``HTTPS_PROXY``, ``HTTP_PROXY``
            and ``NO_PROXY`` of the environment say; an empty text: no proxy.
        proxy_user: the name that the proxy wants.
        proxy_password: its password.
        no_proxy: hosts that are asked without the proxy; ``*`` stands for any letters.
        ca_bundle: a file of certificates in PEM that are trusted beside the system's.
        user_agent: how huntkit names itself.
    """

    proxy: str | None = None
    proxy_user: str = ""
    proxy_password: Secret | None = None
    no_proxy: tuple[str, ...] = ()
    ca_bundle: Path | None = None
    user_agent: str = USER_AGENT

    def __post_init__(self) -> None:
        if not self.proxy:
            return
        parts = urlsplit(self.proxy)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(
                "the proxy is no URL such as http://proxy.example:3128", hint="look at Http: proxy"
            )
        if "@" in parts.netloc:
            raise SettingsError(
                "the proxy's URL holds a name or a password",
                hint="put them into proxy_user and proxy_password, the password as env:NAME",
            )

    def proxy_of(self, url: str) -> str | None:
        """The proxy by which that URL is asked; None for none.

        Examples:
            >>> settings = HttpSettings(proxy="http://proxy.example:3128", no_proxy=("*.lan",))
            >>> settings.proxy_of("https://a.example/"), settings.proxy_of("https://splunk.lan/")
            ('http://proxy.example:3128', None)
        """
        import urllib.request  # noqa: PLC0415  slow to load, and every session has settings

        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if any(fnmatch.fnmatchcase(host, each.lower()) for each in self.no_proxy):
            return None
        if self.proxy is not None:
            return self.proxy or None
        if urllib.request.proxy_bypass_environment(host):  # type: ignore[attr-defined]
            return None
        proxies = urllib.request.getproxies_environment()
        return proxies.get(parts.scheme) or proxies.get("all")
