"""Long runs in a command line that look like base64, told from hashes, paths and names.

All of them are long runs of letters and digits. A hash has but sixteen different ones. Words,
and so paths and names, keep to one case for some letters; encoded bytes hop between capitals,
small letters and digits at two of three places, encoded text at every other.
"""

import re
from typing import Final

import polars as pl

_RUN: Final = r"[A-Za-z0-9+/]{40,}={0,2}"
_URL: Final = r"(?i)\b[a-z][a-z0-9+.\-]{1,15}://[^\s\"'<>]*"
_LEAST: Final = 40
_DIGEST: Final = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}|[0-9]{20,}")
_REPEATED: Final = re.compile(r"(.)\1+")
_HOP: Final = re.compile(r"(?=[a-z][A-Z0-9]|[A-Z][a-z0-9]|[0-9][A-Za-z])")
_HOPS: Final = 0.33  # of a run's places
_SLASHES: Final = 0.08  # of a run's places; of encoded bytes it is 0.016
_NOUGHTS: Final = 0.3  # of the letters are A where each second byte is 0, as in UTF-16
_FEWEST: Final = 16  # places without repetitions


def encoded_length(texts: pl.Series) -> pl.Series:
    """The length of each text's longest run that looks like base64; 0 without any.

    What stands in a URL does not count, nor does a run of fewer than 40 letters.

    Examples:
        >>> encoded_length(pl.Series(["a -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA=",
        ...     "da39a3ee5e6b4b0d3255bfef95601890afd80709"])).to_list()
        [44, 0]
    """
    # Few commands have such runs, and many have the same: each is looked at once.
    runs = pl.DataFrame({"run": texts.str.replace_all(_URL, " ").str.extract_all(_RUN)})
    held = runs.with_row_index("row").explode("run").drop_nulls()
    each = held["run"].unique(maintain_order=True)
    lengths = pl.Series("length", [_length(run) for run in each], dtype=pl.Int64)
    known = held.join(pl.DataFrame([each, lengths]), on="run")
    longest = known.group_by("row").agg(pl.col("length").max())
    rows = pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True)})
    return rows.join(longest, on="row", how="left", maintain_order="left")["length"].fill_null(0)


def _length(run: str) -> int:
    """As encoded text; 0 if it is a hash, a path or a name."""
    pieces = _DIGEST.split(run)
    piece = max(pieces, key=len)
    short = _REPEATED.sub(r"\1", piece.rstrip("="))
    if len(piece) < _LEAST or len(short) < _FEWEST:
        return 0
    kinds = (str.islower, str.isupper, str.isdigit)
    mixed = all(any(is_one(c) for c in short) for is_one in kinds)
    hops = len(_HOP.findall(short)) / len(short)
    slashes = short.count("/") / len(short)
    wide = piece.count("A") / len(piece) >= _NOUGHTS
    looks = wide or (mixed and hops >= _HOPS)
    return len(piece) if looks and slashes <= _SLASHES else 0
