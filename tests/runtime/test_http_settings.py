import pytest

from huntkit.core.errors import SettingsError
from huntkit.runtime import HttpSettings


@pytest.fixture(autouse=True)
def _no_proxy_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("proxy", ["proxy:3128", "socks5://x", "http://", "ftp://x", "http:/x"])
def test_what_is_no_proxy_is_refused(proxy: str) -> None:
    with pytest.raises(SettingsError, match="no URL"):
        HttpSettings(proxy=proxy)


def test_a_password_in_the_url_of_the_proxy_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError, match="proxy_password") as caught:
        HttpSettings(proxy="http://me:hunter2@proxy.example:3128")
    assert "hunter2" not in str(caught.value)


def test_the_environment_counts_where_the_settings_say_nothing(monkeypatch) -> None:
    monkeypatch.setenv("https_proxy", "http://env.example:1")
    monkeypatch.setenv("no_proxy", "direct.example")
    assert HttpSettings().proxy_of("https://a.example/x") == "http://env.example:1"
    assert HttpSettings().proxy_of("http://a.example/x") is None
    assert HttpSettings().proxy_of("https://direct.example/") is None
    assert HttpSettings(proxy="").proxy_of("https://a.example/") is None
    own = HttpSettings(proxy="http://own.example:2", no_proxy=("*.LAN", "10.*"))
    assert own.proxy_of("https://direct.example/") == "http://own.example:2"
    assert own.proxy_of("https://Splunk.lan:8089/") is None
    assert own.proxy_of("https://10.1.2.3/") is None
