"""What commands tell other programs."""

import io
import json

from huntkit.cli.facts import write_facts


def test_a_summary_for_programs_shows_no_invisible_character() -> None:
    facts = {"files": ["invoice\u202efdp.exe", "a\u2028b", "del\x7f", "caf\u00e9 \U0001f600"]}
    stream = io.BytesIO()
    write_facts(facts, stream)
    text = stream.getvalue().decode()
    assert not {"\u202e", "\u2028", "\x7f"} & set(text)
    assert text.count("\n") == 1
    assert json.loads(text) == facts
