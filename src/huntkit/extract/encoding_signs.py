"""Which texts of a column may hold something encoded, and of which kind: one look at all of them.

The engine behind is linear and some hundred megabytes a second fast; what it lets through is read
again, position by position.
"""

import polars as pl

from huntkit.extract.encoded_runs import MIN_RUN, Signs
from huntkit.extract.run_contents import may_decode

_BODY = r"[A-Za-z0-9+/_\-]"
_RUNS = rf"{_BODY}{{{MIN_RUN},}}"
_ESCAPE = r"%(?:[013-9A-Fa-f][0-9A-Fa-f]|2[0-46-9A-Fa-f]|25[0-9A-Fa-f]{2})"
_LONG = 64  # of what is packed without a sign of its own
_CALLS = [
    "base64", "b64decode", "decode64", "encodedcommand", "atob(", "fromhex", "unhexlify", "hex2bin",
    "b32decode", "deflatestream", "base32", "certutil", "openssl", "xxd",
]  # fmt: skip


_PATTERNS = {
    Signs.ANNOUNCED: (
        r"(?:[-/]|\u2013|\u2014|\u2015)(?i-u:e(?:[acn][a-z^`]{0,24})?\s+[\"']?[a-z0-9+/]{4})"
    ),
    Signs.CALLED: (
        r"(?i-u:base64(?:string|\s?,|\s+-|_?decode|[\"'])|b64decode|decode_?base64|from_base64"
        r"|decode64\(|atob\(|\|\s*(?:[a-z./]*/)?(?:openssl|xxd)\s"
        r"|authorization[\"'\\]*\s*[:=,]\s*[\"'\\]*basic\s)"
    ),
    Signs.BYTES: (
        r"(?-u:(?:\\x[0-9A-Fa-f]{2}){4}|(?:0x[0-9A-Fa-f]{2}[,;\s]{1,4}){5}"
        r"|(?:[0-9A-Fa-f]{2}[ ,:\-]){11})"
    ),
    Signs.PIECES: (
        r"[A-Za-z0-9+/=_\-][\"']\s{0,8}[+&.]\s{0,8}(?:_\s{1,8}&?\s{0,8})?[\"'][A-Za-z0-9]"
    ),
    Signs.PERCENT: rf"{_ESCAPE}\S{{0,80}}{_ESCAPE}",
    Signs.HTML: r"(?-u:(?:&#[xX]?[0-9A-Fa-f]{1,7};){3}|&lt;[/!?A-Za-z])",
    Signs.CODES: r"(?-u:(?:\\u[0-9A-Fa-f]{4}|%u[0-9A-Fa-f]{4}){4})",
}


def signs(texts: pl.Series, *, xor: bool = False) -> pl.DataFrame:
    """What each text may hold: ``signs``, 0 where nothing is worth a closer look, and ``runs``.

    The runs are those that decode to something by their first characters, in order, and those of
    64 characters or more where the text decodes something itself.

    Examples:
        >>> signs(pl.Series(["cmd /c dir", "pwsh -e ZABpAHIA", "%3Cb%3E%3C%2Fb%3E"]))["signs"]
        shape: (3,)
        Series: 'signs' [u16]
        [
            0
            2
            16
        ]
    """
    found = pl.zeros(len(texts), dtype=pl.UInt16, eager=True)
    for sign, pattern in _PATTERNS.items():
        found |= texts.str.contains(pattern).cast(pl.UInt16) * sign
    every = texts.str.extract_all(_RUNS)
    some = (found > 0) | (every.list.len() > 0)
    calls = pl.repeat(value=False, n=len(texts), dtype=pl.Boolean, eager=True)
    if some.any():
        calls = texts.str.contains_any(_CALLS, ascii_case_insensitive=True) & some
    worth = every if xor else _worth(every, calls)
    found |= (worth.list.len() > 0).cast(pl.UInt16) * Signs.RUN
    found |= (calls & (found > 0)).cast(pl.UInt16) * Signs.DECODER
    return pl.DataFrame({"signs": found, "runs": worth})


def _worth(every: pl.Series, calls: pl.Series) -> pl.Series:
    """Of the runs of each text those that decode to something, or may where something decodes."""
    runs = pl.DataFrame({"run": every, "called": calls}).with_row_index("text")
    runs = runs.filter(every.list.len() > 0).explode("run")
    distinct = runs["run"].unique()
    good = distinct.filter(pl.Series([may_decode(run) for run in distinct], dtype=pl.Boolean))
    called = pl.col("called") & (pl.col("run").str.len_bytes() >= _LONG)
    kept = runs.filter(pl.col("run").is_in(good.implode()) | called)
    lists = kept.group_by("text", maintain_order=True).agg("run")
    whole = pl.DataFrame({"text": pl.int_range(len(every), dtype=pl.UInt32, eager=True)})
    return whole.join(lists, on="text", how="left", maintain_order="left")["run"].fill_null([])
