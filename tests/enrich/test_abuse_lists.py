"""Lists of bad names and certificates, in the forms in which they are given away."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import FormatError, Offline, UsageError
from huntkit.enrich import AbuseLists, DomainValidator, abuse_listed, certificate
from huntkit.runtime import HttpSettings, Session, Settings
from servers import Answer

DIGEST = "ab" * 20
FORMS = {
    "names.txt": "# comment\nbad.example.com\n*.wild.example.org\n"
                 "  B\u00dccher-b\u00f6se.de  \n203.0.113.66\n",
    "hosts": "127.0.0.1 localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 bad.example.com wild.example.org # c\n"
             "0.0.0.0 xn--bcher-bse-67a3d.de\n::1 ip6-localhost\n127.0.0.1 203.0.113.66\n",
    "filters.txt": "! Title: x\n||bad.example.com^$third-party\n||wild.example.org^\n"
                   "||xn--bcher-bse-67a3d.de^\n||203.0.113.66^\n",
    "table.csv": "id,dateadded,host,threat\n1,2026-01-01 00:00:00,bad.example.com,Phishing\n"
                 "2,2026-01-01,wild.example.org,x\n3,x,xn--bcher-bse-67a3d.de,y\n4,,203.0.113.66,z\n",
    "urls.csv": '"id","url"\n"1","http://bad.example.com/"\n"2","https://wild.example.org"\n'
                '"3","http://xn--bcher-bse-67a3d.de"\n"4","http://203.0.113.66:8080"\n',
}  # fmt: skip


def lists_of(folder: Path, **files: str) -> AbuseLists:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return AbuseLists([folder / name for name in files])


@pytest.mark.parametrize("name", FORMS)
def test_every_form_lists_the_same(tmp_path: Path, name: str) -> None:
    lists = lists_of(tmp_path, **{name: FORMS[name]})
    bad = [
        "bad.example.com", "hxxp://BAD[.]example[.]com/x", "a.b.bad.example.com.",
        "x.wild.example.org", "b\u00fccher-b\u00f6se.de", "203[.]0.113.66",
        "http://203.0.113.66/a",
    ]  # fmt: skip
    good = ["example.com", "notbad.example.com", "203.0.113.6", "localhost", "com", "0.0.0.0", "",
            "6.203.0.113.66", "127.0.0.1"]  # fmt: skip
    assert [text for text in bad if lists.find(text) is None] == []
    assert [text for text in good if lists.find(text) is not None] == []
    assert lists.find("bad.example.com").file == name  # type: ignore[union-attr]


def test_a_listed_page_does_not_list_its_host(tmp_path: Path) -> None:
    lists = lists_of(tmp_path, urls="http://www.example.com/evil/a.exe?x=1\n")
    assert lists.find("www.example.com") is None
    assert lists.find("http://www.example.com/") is None
    assert lists.find("https://www.example.com/evil/a.exe") is None
    found = lists.find("hxxps://www[.]example[.]com/evil/a.exe?x=1")
    assert found is not None
    assert found.entry == "www.example.com/evil/a.exe?x=1"
    bare = lists_of(tmp_path, bare="www.example.com/evil\nother.example.com:8080\n")
    assert bare.find("www.example.com") is None
    assert bare.find("www[.]example[.]com/evil") is not None
    assert bare.find("http://www.example.com/evil") is not None
    assert bare.find("other.example.com") is not None
    with pytest.raises(FormatError, match="holds no names"):
        lists_of(tmp_path, networks="203.0.113.0/24\n2001:db8::/32\n")


def test_the_reason_is_kept_and_headings_are_counted(tmp_path: Path) -> None:
    text = f"Listing date,SHA1,Listing reason\r\n2026-01-01 00:00:00,{DIGEST.upper()},Bad C&C\r\n"
    lists = lists_of(tmp_path, sslbl=text, more="bad.example.com seen in June\n")
    assert (len(lists), lists.skipped, lists.has_certificates) == (2, 1, True)
    found = lists.find_certificate(":".join(["AB"] * 20))
    assert found is not None
    assert str(found) == f"sslbl: {DIGEST} (2026-01-01 00:00:00, Bad C&C)"
    assert str(lists.find("bad.example.com")) == "more: bad.example.com (seen in June)"
    assert lists.find_certificate("0" * 40) is None
    assert "1 lines skipped" in repr(lists)


@pytest.mark.parametrize("text", ["", "# nothing\n", "<html>\n<body>maintenance\n", "\0\0\0"])
def test_a_list_of_nothing_never_reads_as_clean(tmp_path: Path, text: str) -> None:
    with pytest.raises(FormatError, match="holds no names"):
        lists_of(tmp_path, empty=text)
    with pytest.raises(UsageError, match="nowhere"):
        AbuseLists(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no list"):
        AbuseLists([])


def test_the_step_keeps_rows_and_columns(tmp_path: Path) -> None:
    lists = lists_of(tmp_path, names="bad.example.com\n")
    table = pl.DataFrame({"u": ["bad.example.com", None, "x y", "bad.example.com"],
                          "u_Listed": range(4)})  # fmt: skip
    found = abuse_listed(table, "u", lists=lists)
    assert found.select(table.columns).equals(table)
    assert found["u_Listed_name"].to_list() == [True, None, False, True]
    assert found["u_ListedWhy"].to_list()[:2] == ["names: bad.example.com", None]
    assert abuse_listed(table.clear(), "u", lists=lists).width == 4
    for files in (tmp_path / "names", str(tmp_path / "names"), [tmp_path / "names"]):
        assert abuse_listed(table, "u", lists=files).equals(found)


def test_lists_of_names_need_no_network(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("bad.example.com\n")
    (tmp_path / "prints").write_text(DIGEST + "\n")
    with Session(Settings(cache_dir=tmp_path, offline=True)) as session:
        checks = DomainValidator(session=session, lists=tmp_path / "names")
        assert checks.in_abuse_list("www.bad.example.com") == (True, None)
        assert checks.in_abuse_list("www.example.com") == (False, None)
        both = DomainValidator(session=session, lists=[tmp_path / "names", tmp_path / "prints"])
        assert both.in_abuse_list("bad.example.com") == (True, None)
        with pytest.raises(Offline):  # its certificate may be listed, and can't be seen
            both.in_abuse_list("www.example.com")


@pytest.mark.parametrize("kind", ["sha1", "sha256"])
def test_a_servers_certificate_is_looked_up_in_files(
    http_server: Callable[..., Any], tmp_path: Path, kind: str
) -> None:
    server = http_server(Answer(), tls=True)
    settings = Settings(cache_dir=tmp_path, http=HttpSettings(ca_bundle=server.ca))
    with Session(settings) as session:
        shown = certificate("localhost", port=server.port, session=session)
        (tmp_path / "bad").write_text(f"{getattr(shown, kind)}\n")
        (tmp_path / "other").write_text(f"{DIGEST}\n")
        for name, wanted in (("bad", True), ("other", False)):
            checks = DomainValidator(session=session, lists=tmp_path / name)
            assert checks.in_abuse_list("localhost", port=server.port) == (wanted, shown)


@given(
    st.lists(st.one_of(st.text(), st.text("ab.,:/|^#* 0123456789-http")), max_size=10), st.text()
)
def test_any_text_is_a_list_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], asked: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "list"
    path.write_text("\n".join([*lines, "certain.example.com"]), encoding="utf-8", errors="replace")
    lists = AbuseLists(path)
    assert lists.find("certain.example.com")
    lists.find(asked)
