"""Wallets' addresses: published examples of each coin, and what a wrong letter does to them."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.entities.wallets import keccak_256, wallet

XMR = (
    "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7Sq"
    "SsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"
)
ADA = (
    "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqw"
    "sx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x"
)
# From the specifications named in the module, and addresses that everybody knows (the first
# block's, donation addresses that projects publish, a token's contract).
KNOWN = [
    ("btc_wallet", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("btc_wallet", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
    ("btc_wallet", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("btc_wallet", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
    ("ltc_wallet", "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9"),
    ("ltc_wallet", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"),
    ("trx_wallet", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
    ("xrp_wallet", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"),
    ("bch_wallet", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("xmr_wallet", XMR),
    ("ada_wallet", ADA),
]  # fmt: skip
ERC_55 = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize(("kind", "text"), KNOWN)
def test_published_addresses_are_known_and_one_wrong_letter_is_seen(kind, text):
    assert wallet(text) == (kind, text)
    for place in range(len(text) // 2, len(text), 5):
        other = "2" if text[place] != "2" else "3"
        assert wallet(text[:place] + other + text[place + 1 :]) is None


@pytest.mark.parametrize("text", ERC_55)
def test_mixed_case_of_ethereum_is_a_checksum_and_one_case_is_none(text):
    assert wallet(text) == ("eth_wallet", text.lower())
    assert wallet("0x" + text[2:].swapcase()) is None
    assert wallet(text.lower()) == ("eth_wallet", text.lower())
    assert wallet("0x" + text[2:].upper()) == ("eth_wallet", text.lower())


def test_coins_are_told_by_their_version():
    letters = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    kinds = {0x1E: "doge_wallet", 0x4C: "dash_wallet", 0x32: "ltc_wallet", 0x80: None}
    for version, kind in kinds.items():
        payload = bytes([version]) + hashlib.sha256(b"key").digest()[:20]
        payload += hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
        number, text = int.from_bytes(payload, "big"), ""
        while number:
            number, place = divmod(number, 58)
            text = letters[place] + text
        assert (wallet(text) or [None])[0] == kind


@pytest.mark.parametrize(
    "text",
    ["", "0x" + "0" * 40, "0xdeadbeef", "1" * 34, "bc1Q0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ",
     "BC1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
     "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx"],
)  # fmt: skip
def test_fillers_mixed_case_and_old_checksums_of_new_versions_are_none(text):
    assert wallet(text) is None


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (b"testing", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"),
    ],
)
def test_keccak_gives_published_digests(data, wanted):
    assert keccak_256(data).hex() == wanted


def test_keccak_at_the_borders_of_its_blocks_has_the_right_size():
    assert len({keccak_256(b"a" * size) for size in (134, 135, 136, 137, 271, 272, 273)}) == 7


@settings(deadline=None)
@given(st.text(alphabet="0123456789abcdefxABCDEFLMTrbcqp:1", max_size=120))
def test_any_text_is_a_wallet_or_none(text):
    found = wallet(text)
    assert found is None or wallet(found[1]) == found
