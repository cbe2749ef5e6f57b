r"""Command lines in one plain form: what the shell would see, whatever the caller wrote."""

import polars as pl

from huntkit.extract.command_tricks import plain_text

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_SINGLE = "\u2018\u2019\u201a\u201b"
_DOUBLE = "\u201c\u201d\u201e\u201f"
_UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad"

_IS_WINDOWS = (
    r"(?i)(?:^|[\s\"'=(,;&|])\\?[a-z]:\\|\.exe(?:[\s\"']|$)|%[a-z_]{3,30}%|%[a-z_()]{3,30}:"
    r"|\\\\[a-z0-9.?_-]+\\|\bhk(?:lm|cu|ey_)|[a-z]\^[a-z]|\$env:|\$\{?env:"
    r"|^\s*(?:\S{0,80}[\\/])?(?:cmd|powershell|reg|net|wmic|schtasks|sc)\s"
)
_IS_POSIX = (
    r"(?:^|[\s\"'=(;|&<>:])/(?:bin|usr|etc|tmp|var|dev|home|root|opt|proc|sbin|sys|run|lib|mnt|srv"
    r"|boot|Users|Library|System|Applications|private|Volumes)(?:/|\s|$)"
    r"|(?:^|[\s;|&(])(?:sudo|su|chmod|chown|export|unset|bash|sh|zsh|dash|osascript|systemctl)\s"
    r"|#!\s?/|~/\.|\$\{?IFS|\$\(|/dev/"
)


def platforms(texts: pl.Series) -> pl.Series:
    r"""``windows`` or ``posix`` for each command line, empty where it may be either.

    Examples:
        >>> platforms(pl.Series(["C:\\Windows\\a.exe", "cat /etc/passwd", "whoami"])).to_list()
        ['windows', 'posix', '']
    """
    frame = pl.DataFrame({"text": texts.fill_null("")})
    windows = pl.col("text").str.contains(_IS_WINDOWS)
    posix = pl.col("text").str.contains(_IS_POSIX)
    return frame.select(
        pl.when(windows & ~posix)
        .then(pl.lit("windows"))
        .when(posix & ~windows)
        .then(pl.lit("posix"))
        .otherwise(pl.lit(""))
        .alias(texts.name)
    ).to_series()


def seen(texts: pl.Series) -> pl.Series:
    r"""Texts on one line: signs that look alike are one sign, unseen ones are gone.

    PowerShell takes every dash for ``-`` and every quotation mark for ``"`` or ``'``.

    Examples:
        >>> seen(pl.Series(["powershell  \u2013enc\n \u201cQQ==\u201d"])).to_list()
        ['powershell -enc "QQ=="']
    """
    frame = pl.DataFrame({"text": texts.fill_null("")})
    text = pl.col("text")
    foreign = text.str.len_bytes() != text.str.len_chars()
    if frame.select(foreign.any()).item():
        folded = (
            text.str.normalize("NFKC")
            .str.replace_all(f"[{_UNSEEN}]", "")
            .str.replace_all(f"[{_DASHES}]", "-")
            .str.replace_all(f"[{_SINGLE}]", "'")
            .str.replace_all(f"[{_DOUBLE}]", '"')
        )
        frame = frame.with_columns(pl.when(foreign).then(folded).otherwise(text))
    spaces = text.str.replace_all(r"[\s\x00-\x1f\x7f]+", " ").str.strip_chars(" ")
    return frame.select(spaces.alias(texts.name)).to_series()


def written(texts: pl.Series) -> pl.Series:
    r"""Texts as they were written, on one line and in lower case.

    Examples:
        >>> written(pl.Series(["C^MD \n /C"])).to_list()
        ['c^md /c']
    """
    frame = pl.DataFrame({"text": texts.fill_null("")})
    line = pl.col("text").str.replace_all(r"[\s\x00-\x1f\x7f]+", " ").str.strip_chars(" ")
    return frame.select(line.str.to_lowercase().alias(texts.name)).to_series()


def normal(texts: pl.Series) -> pl.Series:
    r"""Command lines in lower case, with one space between words and the usual tricks undone.

    Carets and backticks, quotes and backslashes inside words, letters cut out of variables,
    variables set in the same line, joined, formatted and replaced strings, ``${IFS}``, braces.

    Examples:
        >>> normal(pl.Series(['c^m^d  /c "p""ower`shell"', "w\\ge''t ${IFS}http://a.example"])
        ...        ).to_list()
        ['cmd /c "powershell"', 'wget http://a.example']
    """
    plain = seen(texts)
    where = platforms(plain)
    text = pl.col("text")
    # Without any sign of Windows, a backslash between single letters is a shell's.
    spelt = text.str.contains(r"(?:^|[^a-zA-Z])(?:[a-zA-Z]\\){2,}[a-zA-Z]")
    frame = pl.DataFrame({"text": plain, "posix": where == "posix", "where": where}).select(
        "text", "posix", loose=pl.col("posix") | ((pl.col("where") == "") & spelt)
    )
    frame = frame.with_columns(
        pl.when("posix")
        .then(text)
        .otherwise(text.str.replace_all(r"\^(.)", "${1}").str.replace_all(r"`([^0\s])", "${1}"))
    )
    tricky = text.str.contains(
        r"(?i)%[^%\s:]{1,40}:|\bset\s+\S{1,40}=|\$\S{2,45}\s*\[|\[char\]|['\x22]\s*\)?\s*\+\s*\(?\s*['\x22]"
        r"|['\x22]\s*-f\s|replace|-join|\$'\\|\{[a-z][^{}\s]*,"
    )
    found = frame.select(tricky).to_series()
    if found.any():
        undone = [plain_text(each) for each in frame["text"].filter(found).to_list()]
        frame = _put(frame, found, undone)
    letters = r"([a-zA-Z])\\([a-zA-Z])"
    frame = frame.with_columns(
        text.str.replace_all(r"\$\{?(?:IFS|ifs)[^}\s\w]{0,12}\}?", " ").str.replace_all(
            r"(\w)\$[@*]", "${1}"
        )
    ).with_columns(
        pl.when("loose")  # twice: what one pass eats of a\b\c hides the second pair
        .then(text.str.replace_all(letters, "${1}${2}").str.replace_all(letters, "${1}${2}"))
        .otherwise(text)
    )
    inside = r"(\w)['\x22](\w)"
    quotes = (
        text.str.replace_all(r"(\w)(?:\x22\x22|'')", "${1}")
        .str.replace_all(inside, "${1}${2}")
        .str.replace_all(inside, "${1}${2}")
    )
    return frame.select(
        quotes.str.replace_all(r"\s+", " ").str.strip_chars(" ").str.to_lowercase()
        .alias(texts.name)
    ).to_series()  # fmt: skip


def _put(frame: pl.DataFrame, where: pl.Series, values: list[str]) -> pl.DataFrame:
    changed = frame["text"].scatter(where.arg_true(), pl.Series(values, dtype=pl.String))
    return frame.with_columns(changed)
