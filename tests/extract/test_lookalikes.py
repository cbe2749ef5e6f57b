"""Names, addresses and hashes, and what only looks like one."""

import pytest

from huntkit.extract import lookalikes
from huntkit.extract.lookalikes import (
    never_in_field,
    reads_as_address,
    reads_as_code_name,
    reads_as_domain,
    reads_as_hash,
)


@pytest.mark.parametrize(
    ("before", "name", "after", "wanted"),
    [
        ("", "evil.example.com", "", True),
        ("", "www.run.zip", "", True),
        ("", "run.zip", "", False),
        ("", "run.zip", ":443", True),
        ("//", "run.zip", "/a", True),
        ("", "mshta.exe-a970b441.pf", "", False),
        ("", "MSHTA.EXE-A970B441.pf", "", False),
        ("", "mana.pf", "", True),
        ("", "tracing.json.new", "", False),
        ("", "example.new", "", True),
        ("//", "tracing.json.new", "", True),
        ("", "letter.pdf.example.com", "", True),
        ("C:\\Temp\\", "evil.com", "", False),
        ("\\\\", "files.example.com", "\\share", True),
        ("HTTP/", "web.example.com", "", True),
        ("/dev/tcp/", "evil.com", "/443", True),
        ("/tmp/", "evil.com", "", False),
        ("$", "user.name", "", False),
        ("", "system.name", "=", False),
        ("", "System.Net", ".WebClient", False),
        ("", "chcp.com", " 65001", False),
        ("", "com.example.app", "", False),
        ("]", "text.live", "(", True),
        ("]", "text.name", "(", False),
    ],
)  # fmt: skip
def test_the_text_around_tells_a_name_from_a_file_and_from_code(before, name, after, wanted):
    assert reads_as_domain(name, before=before, after=after) is wanted


@pytest.mark.parametrize(
    ("before", "text", "after", "wanted"),
    [
        ("src=", "192.0.2.7", ":443", True),
        ("\\\\", "192.0.2.7", "\\c$", True),
        ("Chrome/", "120.1.2.3", " ", False),
        ("openssl-", "1.0.2.3", "", False),
        ("", "1.2.3.4", "-beta", False),
        ("FileVersion=", "6.2.1.3", "", False),
        ("Bridge ", "4.0.0.0", "\\Linkage", False),
        ("net ", "10.0.0.0", "/8", True),
        ("net ", "10.0.0.0", "/x", False),
    ],
)
def test_versions_are_told_from_addresses(before, text, after, wanted):
    assert reads_as_address(text, before=before, after=after) is wanted


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("MD5=", "", True),
        ("MD5=1,IMPHASH=", "", False),
        ('"trace_id": "', "", False),
        ("/rc4:", "", False),
        ("C:\\assembly\\System.Xml\\", "\\System.Xml.ni.dll", False),
        ("C:\\q\\", ".exe", True),
        ("https://git.example/a/commit/", "/x", False),
        ("https://git.example/file/", "/x", True),
        ("https://git.example/blob/", "", True),
    ],
)
def test_hashes_of_files_are_told_from_other_hexadecimal_text(before, after, wanted):
    assert reads_as_hash(before=before, after=after) is wanted


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("system.management.automation", True),
        ("org.apache.logging.log4j", True),
        ("system.net", False),
        ("system", False),
        ("intranet.corp.lan", False),
    ],
)
def test_program_code_made_into_a_link_is_told_from_hosts(host, wanted):
    assert reads_as_code_name(host) is wanted


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("version", "ipv4"),
        ("ProcessVersionInfoProductVersion", "ipv4"),
        ("OSVersion", "ipv4"),
        ("product_version", "ipv4"),
        ("ConversionHost", ""),
        ("ClientIP", ""),
        ("ja3s", "md5_hash"),
        ("ConnectionId", "md5_hash"),
        ("fields.machine_id", "md5_hash"),
        ("Mask", "md5_hash"),
        ("Valid", ""),
        ("MD5", ""),
        ("", ""),
    ],
)
def test_the_name_of_a_field_rules_types_out(field, wanted):
    assert never_in_field(field) == frozenset() or wanted in never_in_field(field)
    assert bool(never_in_field(field)) is bool(wanted)


def test_the_lists_are_whole_and_their_words_plain():
    for section in ("file-endings", "document-endings", "name-spaces", "not-file-hashes"):
        found = lookalikes.words(section)
        assert found
        assert all(word == word.lower() and "[" not in word for word in found)
    with pytest.raises(KeyError):
        lookalikes.words("no such list")
