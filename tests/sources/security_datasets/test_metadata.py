"""What metadata says, however it is written."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import FormatError
from huntkit.sources.security_datasets.metadata import (
    TACTICS,
    DataSet,
    data_set_of,
    files_of,
    in_folder,
    is_path,
    path_of,
)

BASE = "https://raw.githubusercontent.com/OTRF/Security-Datasets/master/datasets/"


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_bytes_are_a_data_set_or_a_clear_error(content):
    try:
        found = data_set_of(content)
    except FormatError:
        return  # anything else fails the test
    assert found.id
    assert all(map(is_path, found.files))


@pytest.mark.parametrize("content", [
    "", "[]", "title: no id", "id: [1]", "!!python/name:os.system x", "[" * 5000,
    "a: &a [x, x]\nb: &b [*a, *a]\nid: ", b"\xff\xfe\x00",
])  # fmt: skip
def test_hostile_metadata_is_refused(content):
    with pytest.raises(FormatError):
        data_set_of(content)


def test_odd_metadata_gives_what_it_has():
    found = data_set_of("""
        id: 7
        platform: Windows
        tags: {a: b}
        attack_mappings: [x, {technique: T1, sub-technique: 2}, {tactics: TA0001}]
        files: [1, {link: 5}, {link: 'http://x/y'}]""")
    assert found == DataSet(
        id="7", title="7", platforms=("Windows",), techniques=("T1.002",), tactics=("TA0001",),
        elsewhere=("5", "http://x/y"),
    )  # fmt: skip


@pytest.mark.parametrize("path", [
    "../x.zip", "a/../x.zip", "a//x", ".git/config", "a/.ssh/x", "", "a\\..\\x", "a/x?y", "a/x#y",
    "a/{p}/x", "a/%2e%2e/x", "C:/x",
])  # fmt: skip
def test_no_path_leads_elsewhere(path):
    assert not is_path(path)
    assert path_of(BASE + path) == ""


@given(st.lists(st.text(st.sampled_from("ab1./-_ é"), min_size=1, max_size=12), unique=True))
def test_names_are_attributes_and_distinct(paths):
    files = files_of([DataSet(id="x", title="x", files=tuple(paths))])
    assert len(files) == len({each.full for each in files}) == len(set(paths))
    for each in files:
        assert each.family.isidentifier()
        assert each.name.isidentifier()
        assert not keyword.iskeyword(each.name) or each.name in each.path


def test_links_of_a_folder_are_not_followed_in_metadata(tmp_path):
    (tmp_path / "atomic" / "_metadata").mkdir(parents=True)
    (tmp_path / "atomic" / "_metadata" / "a.yaml").mkdir()
    (tmp_path / "atomic" / "b.zip").write_bytes(b"")
    sets, problems = in_folder(tmp_path)
    assert [each.files for each in sets] == [("atomic/b.zip",)]
    assert problems[0].startswith("a.yaml")


@pytest.mark.data
def test_real_metadata_is_all_understood(shared_data):
    folder = shared_data / "security-datasets"
    written = sorted(folder.glob("*/_metadata/*.yaml"))
    sets, problems = in_folder(folder)
    assert problems == []
    described = [each for each in sets if each.techniques]
    assert len(described) == len(written) == 34
    for each in described:
        assert set(each.tactics) <= set(TACTICS)
        assert each.elsewhere == ()
