"""The check of TI providers finds what is not as promised."""

from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from huntkit.enrich.ti import Facts, Lookup, TIProvider
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.testing import check_ti_provider


class Good(TIProvider):
    """Knows one address."""

    name = "Good"
    takes: ClassVar = {"ipv4": ("",)}

    def ask(self, lookup: Lookup) -> Facts:
        if lookup.value != "8.8.8.8":
            return Facts.unknown()
        return Facts(severity="high", reason="it is on the list")


@dataclass(frozen=True)
class Keyed:
    key: Secret = field(default_factory=lambda: Secret.held("canary-key-123"))


def check(provider, tmp_path):
    with Session(Settings(cache_dir=tmp_path)) as session:
        check_ti_provider(
            provider,
            settings=provider.settings(),
            session=session,
            known={"8.8.8.8": "ipv4"},
            unknown={"8.8.4.4": "ipv4"},
        )


def test_a_good_one_passes(tmp_path):
    check_ti_provider(Good)
    check(Good, tmp_path)


def test_what_is_wrong_is_said(tmp_path):
    class Wordless(Good):
        """Gives no reason."""

        def ask(self, lookup: Lookup) -> Facts:
            return Facts(severity="high") if lookup.value == "8.8.8.8" else Facts.unknown()

    class Clean(Good):
        """Takes silence for an answer."""

        def ask(self, lookup: Lookup) -> Facts:
            return Facts(severity="information", reason="nothing known")

    class Broken(Good):
        """Fails."""

        def ask(self, lookup: Lookup) -> Facts:
            raise ValueError("no")

    class Talkative(Good):
        """Tells its key."""

        settings = Keyed

        def __repr__(self) -> str:
            return f"Talkative({self.chosen.key.reveal()})"

    for provider, words in ((Wordless, "without a reason"), (Clean, "8.8.4.4: ok"),
                            (Broken, "8.8.8.8: failed"),
                            (Talkative, "a secret is shown")):  # fmt: skip
        with pytest.raises(AssertionError, match=words):
            check(provider, tmp_path)

    @dataclass(frozen=True)
    class Plain:
        auth_key: str = ""

    class Careless(Good):
        """Has its key in the open."""

        settings = Plain

    class Odd(Good):
        """Takes what there is not."""

        takes: ClassVar = {"ipv5": ("",)}

    class Partial(Good):
        """Has no usual query."""

        takes: ClassVar = {"ipv4": ("geo",)}

    for provider, words in ((Careless, "auth_key"), (Odd, "ipv5"), (Partial, "usual query")):
        with pytest.raises(AssertionError, match=words):
            check_ti_provider(provider)
