"""What was read of one source, as it is kept and joined."""

from pathlib import Path

from huntkit.sources.local.cache import Cache
from huntkit.sources.local.intake import Intake, Source
from huntkit.sources.local.inventory import file_rows
from huntkit.sources.local.manifest import Manifest, MemberFacts, join_members


def _repaired(**repaired: int) -> MemberFacts:
    return MemberFacts(name="", format="json", rows=2, kept=2, repaired=dict(repaired))


def test_the_pieces_of_a_file_add_their_repairs() -> None:
    joined = join_members([_repaired(a=2), _repaired(), _repaired(a=1, b=5)])
    assert joined.repaired == {"a": 3, "b": 5}


def test_repairs_are_kept_with_the_manifest() -> None:
    manifest = Manifest("aa", 1, [_repaired(a=2)], [])
    assert Manifest.from_json(manifest.to_json(), Path()).members[0].repaired == {"a": 2}


def test_repairs_are_told_and_are_no_gap(tmp_path: Path) -> None:
    facts = _repaired()
    facts.count_repairs({"path": "conn"})
    facts.count_repairs({"repaired": {"invalid UTF-8": 2, "NaN or Infinity": 1}})
    sources = [Source(Path("a.json"), Manifest("aa", 1, [facts], []))]
    intake = Intake(sources, Cache(tmp_path, options="x", limit_bytes=1))
    (row,) = file_rows(intake).to_dicts()
    assert row["repaired"] == "1 repaired: NaN or Infinity; 2 repaired: invalid UTF-8"
    assert (row["reasons"], row["skipped"], row["complete"]) == ("", 0, True)
    assert intake.problems == []
    assert not intake.partial
