"""Files of indicators as a provider among others."""

import pytest

from huntkit.core.errors import UsageError
from huntkit.enrich.ti import TILookup
from huntkit.enrich.ti.providers.localfeeds import LocalFeeds, LocalFeedsSettings
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider


@pytest.fixture
def session(tmp_path):
    with Session(Settings(cache_dir=tmp_path / "cache", frame="polars", offline=True)) as made:
        yield made


def test_it_keeps_the_contract():
    check_ti_provider(LocalFeeds)


def test_files_are_asked_offline_also_about_private_addresses(tmp_path, session):
    feed = tmp_path / "bad.csv"
    feed.write_text("indicator,severity\n9.9.9.9,high\n10.1.2.3,low\n2001:db8::/32,medium\n")
    provider = LocalFeeds(LocalFeedsSettings(files=(feed,)), session)
    lookup = TILookup(primary_providers=[provider], session=session)
    found = lookup.lookup_iocs(["9[.]9[.]9[.]9", "10.1.2.3", "2001:db8::5", "8.8.8.8", "nonsense!"])
    assert found.select("SafeIoc", "Status", "Severity").rows() == [
        ("9.9.9.9", "ok", "high"),
        ("10.1.2.3", "ok", "information"),
        ("2001:db8::5", "ok", "warning"),
        ("8.8.8.8", "not found", "unknown"),
        ("", "bad input", "unknown"),
    ]
    assert "bad.csv: the feed says severity 'high'" in found["Details"][0]
    feed.write_text("indicator,severity\n8.8.8.8,high\n")
    again = LocalFeeds(LocalFeedsSettings(files=(feed,)), session)
    lookup = TILookup(primary_providers=[again], session=session)
    assert lookup.lookup_iocs(["8.8.8.8", "9.9.9.9"])["Status"].to_list() == ["ok", "not found"]


@pytest.mark.filterwarnings("ignore:not everything was answered")
def test_a_broken_file_is_a_failure_and_never_not_found(tmp_path, session):
    feed = tmp_path / "bad.json"
    feed.write_text('{"type": "bundle", "objects": [')
    for files, words in (((feed,), "no whole JSON"), ((), "LocalFeeds needs files"),
                         ((tmp_path / "no",), "no feed")):  # fmt: skip
        provider = LocalFeeds(LocalFeedsSettings(files=files), session)
        found = TILookup(primary_providers=[provider], session=session).lookup_ioc("9.9.9.9")
        assert found["Status"].to_list() == ["failed"]
        assert words in found["Details"][0]


def test_settings_are_checked():
    with pytest.raises(UsageError, match="no severity"):
        LocalFeedsSettings(severity="awful")  # type: ignore[arg-type]
