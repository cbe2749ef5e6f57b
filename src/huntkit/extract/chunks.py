"""Cut text into the few pieces that can hold an indicator; one pass of a linear-time engine."""

import polars as pl

# What never stands inside an indicator: blanks, quotes, angle brackets, control characters and the
# punctuation of scripts that write without blanks. Zero-width and bidirectional marks do not end a
# piece: they are how a name is hidden, and are taken out of it later.
_OUTSIDE = (
    r"\s\"'`<>|\x00-\x1f\x7f\u0085\u2018\u2019\u201c-\u201f\u2039\u203a\u00ab\u00bb"
    r"\u3001\u3008-\u3011\uff08\uff09\uff0c\uff1b\uff1a"
)
_ANY = rf"[^{_OUTSIDE}]"
_BEFORE_MARK = rf"[^{_OUTSIDE}.:@\u3002\uff0e\uff61]"
# A label that changes what follows it stays with it, though a blank or quote stands between.
LABELS = (
    r"imp_?hash|import_?hash|ja3s?(?:_?(?:hash|fingerprint|digest))?|hassh(?:server)?|telfhash|pehash|vhash|richhash"
    r"|(?:trace|span|session|request|correlation|message|boot|machine|invocation|transaction"
    r"|operation|activity)[_-]?id|etag|nonce|session|(?:php|j)?sess(?:ion)?id|version|\bver|\boid"
    r"|\b(?:chapter|section|clause|annex|appendix|build|firmware)"
)
# ASCII only ("-u"): Unicode case folding and word boundaries make the automaton half as fast.
_LABELLED = rf"[A-Za-z_.]*(?i-u:{LABELS})" + r"[\"']?\s{0,3}[:=]?\s{0,3}[\"']?"
_MARK = (
    r"(?:[.:@\u3002\uff0e\uff61]|%2[Ee]|%3[Aa]|[\[({]\s?(?i-u:dot|d0t|at)\s?[\])}]|[0-9A-Fa-f]{32})"
)
# "evil [.] example [dot] com": the blanks around a bracketed dot do not end the piece either.
_SPACED = r"\s[\[({]\s?(?:[.@]|(?i-u:dot|at))\s?[\])}]\s?"
# A version inside a piece, behind an escaped line break: its number must not stand alone.
_VERSION = r"(?i-u:version)[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
# An apostrophe in a name (o'neil@...) ends no piece; that of a quote or of b'...' does.
_NAMED = r"[0-9A-Za-z_.+\-]*(?-u:\b)[OoDd]'[A-Za-z]"
CHUNK = (
    rf"(?:{_LABELLED}|{_NAMED})?{_BEFORE_MARK}*(?:{_MARK}|{_SPACED})"
    rf"(?:{_VERSION}|{_ANY}|{_SPACED})*"
)


# What a piece needs so that reading it can find anything: most distinct pieces are times, numbers
# and paths without. Anything odd (not ASCII, bracketed, escaped) is read to be sure.
_WORTH = (
    r"\.[A-Za-z]|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|@|//|\\/|\\u00|%[0-9A-Fa-f]{2}|[\[({]"
    r"|[0-9A-Fa-f]{32}|::|(?:[0-9A-Fa-f]{1,4}:){6}|[^\x00-\x7f]"
)


def worth_reading(pieces: pl.Series) -> pl.Series:
    """Those of the pieces that can hold an indicator at all.

    Examples:
        >>> worth_reading(pl.Series(["10:20:30.123", "0.25", "a.example", "::1"])).to_list()
        ['a.example', '::1']
    """
    return pieces.filter(pieces.str.contains(_WORTH))


def chunks(texts: pl.Series) -> pl.DataFrame:
    """The pieces that may hold an indicator: columns ``text`` (position in `texts`) and ``chunk``.

    Time and memory grow linearly with the text whatever it holds: the expression is compiled to an
    automaton, and every match ends where the next search starts.

    Examples:
        >>> chunks(pl.Series(["see http://a.example/b, or not"]))["chunk"].to_list()
        ['http://a.example/b,']
    """
    found = texts.str.extract_all(CHUNK)
    places = pl.int_range(len(texts), dtype=pl.UInt32, eager=True)
    frame = pl.DataFrame({"text": places, "chunk": found})
    return frame.filter(pl.col("chunk").list.len() > 0).explode("chunk")
