from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import SettingsError, UsageError
from huntkit.runtime import Basic, Secret
from huntkit.runtime.http_call import Call

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(value=TEXT.filter(lambda text: text not in ("", ".", "..")), name=TEXT)
def test_a_value_never_leaves_its_place(value: str, name: str) -> None:
    call = Call(
        method="GET",
        url="https://api.example/v1/ip/{ip}/full?fixed=1",
        fill={"ip": value},
        params={"q": value, name or "n": "x"},
    )
    for url in (call.sent_url(), call.shown_url):
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.example", "")
        assert parts.path.count("/") == 4
        assert [unquote(part) for part in parts.path.split("/")] == ["", "v1", "ip", value, "full"]
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        assert pairs[0] == ("fixed", "1")
        assert (name or "n", "x") in pairs
        assert name == "q" or ("q", value) in pairs
        assert len(pairs) == 2 + (name != "q")


def test_a_secret_is_shown_nowhere_and_sent_everywhere() -> None:
    key = Secret.held("the key")
    call = Call(
        method="POST",
        url="https://api.example/{key}/x",
        fill={"key": key},
        params={"k": key, "pre": ("a-", key)},
        headers={"Authorization": ("Bearer ", key), "n": 5},
        auth=Basic("me", key),
        json={"a": [{"b": key}]},
    )
    assert repr(call) == "<POST https://api.example/****/x?k=****&pre=a-****>"
    assert call.sent_url() == "https://api.example/the%20key/x?k=the%20key&pre=a-the%20key"
    assert call.sent_headers() == [
        ("Authorization", "Bearer the key"),
        ("n", "5"),
        ("Authorization", "Basic bWU6dGhlIGtleQ=="),
    ]
    assert call.sent_body() == (b'{"a":[{"b":"the key"}]}', "application/json")
    assert len(list(call.secrets())) == 6


def test_what_can_not_be_filled_is_said() -> None:
    with pytest.raises(UsageError, match=r"nothing fills \{ip\}.*did you mean 'ips'"):
        _ = Call(method="GET", url="https://x/{ip}", fill={"ips": "a"}).shown_url
    for value in ("", ".", ".."):
        with pytest.raises(UsageError, match="can't stand for"):
            Call(method="GET", url="https://x/{ip}/y", fill={"ip": value}).sent_url()


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "a\x7fb", "€"])
def test_no_header_can_be_broken_out_of(value: str) -> None:
    call = Call(method="GET", url="https://x/", headers={"key": Secret.held(value)})
    with pytest.raises(SettingsError, match="'key'") as caught:
        call.sent_headers()
    assert value not in str(caught.value)


def test_values_are_written_as_services_read_them() -> None:
    params = {"t": True, "f": False, "n": None, "l": ["a", 2], "x": 1.5}
    call = Call(method="GET", url="https://x", params=params)
    assert call.sent_url() == "https://x/?t=true&f=false&l=a&l=2&x=1.5"
    assert Call(method="POST", url="https://x", content="ü").sent_body()[0] == "ü".encode()
    form = Call(method="POST", url="https://x", form={"a": ("x", 1), "b": None})
    assert form.sent_body() == (b"a=x1", "application/x-www-form-urlencoded")
    assert Call(method="GET", url="https://me:pw@x.example:8443/").host == "x.example:8443"
