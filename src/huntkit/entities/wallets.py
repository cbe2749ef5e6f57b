"""Addresses of crypto-currency wallets: only those whose own checksum is right.

Sources: Base58Check (Bitcoin wiki), BIP-173 and BIP-350 (Bech32, Bech32m), ERC-55 (mixed-case
Ethereum addresses), the CashAddr specification, the XRP Ledger's and Monero's address formats,
CIP-19 (Cardano), SLIP-173 (prefixes).
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_XRP58 = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BASE32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
# The version byte in front of the 20 bytes of a key's or script's hash.
_VERSIONS = {
    0x00: "btc_wallet",
    0x05: "btc_wallet",  # once Litecoin's too; it changed to 0x32 for that reason
    0x30: "ltc_wallet",
    0x32: "ltc_wallet",
    0x1E: "doge_wallet",
    0x16: "doge_wallet",
    0x4C: "dash_wallet",
    0x10: "dash_wallet",
    0x41: "trx_wallet",
}
_MONERO = {95: (18, 42), 106: (19,)}  # length: network bytes (standard, sub-address; integrated)
_MONERO_BLOCKS = {2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}  # letters: bytes
_CANDIDATE = re.compile(
    r"0[xX][0-9A-Fa-f]{40}|[1-9A-HJ-NP-Za-km-z]{25,35}|[48][1-9A-HJ-NP-Za-km-z]{94}"
    r"|4[1-9A-HJ-NP-Za-km-z]{105}|(?i:(?:bc|ltc|addr)1[02-9ac-hj-np-z]{11,110})"
    r"|(?i:(?:bitcoincash:)?[pq][02-9ac-hj-np-z]{41})"
)

_BASE58_RUN = re.compile(r"[1-9A-HJ-NP-Za-km-z]{25,35}")


@lru_cache(maxsize=16_384)
def wallet(text: str) -> tuple[str, str] | None:
    """Type and normal form of a wallet's address, or None if it is none or its checksum is wrong.

    An Ethereum address in one case carries no checksum and is taken as it is.

    Examples:
        >>> wallet("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
        ('btc_wallet', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa')
        >>> wallet("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb") is None       # one letter is wrong
        True
    """
    if not _CANDIDATE.fullmatch(text):
        return None
    lower = text.lower()
    if lower.startswith("0x"):
        return _ethereum(text)
    if len(text) in _MONERO:
        found = _monero(text)
        if found is not None:
            return found
    if lower.startswith(("bc1", "ltc1", "addr1")) and (text in (lower, text.upper())):
        return _bech32(lower)
    if lower.startswith("bitcoincash:") or (len(text) == 42 and text in (lower, text.upper())):
        return _cash(lower)
    return _base58(text) if _BASE58_RUN.fullmatch(text) else None


def _ethereum(text: str) -> tuple[str, str] | None:
    digits = text[2:]
    lower = digits.lower()
    if len(set(lower)) <= 4:
        return None  # 0x000...0 and 0x000...dead burn coins; nobody holds them
    if digits not in (lower, digits.upper()):
        nibbles = keccak_256(lower.encode()).hex()
        right = all(
            letter.isdecimal() or letter.isupper() == (int(nibble, 16) >= 8)
            for letter, nibble in zip(digits, nibbles, strict=False)
        )
        if not right:
            return None
    return "eth_wallet", "0x" + lower


def _base58(text: str) -> tuple[str, str] | None:
    if text[0] == "r":
        payload = _checked(_from_base58(text, _XRP58))
        return ("xrp_wallet", text) if payload is not None and payload[0] == 0 else None
    payload = _checked(_from_base58(text, _BASE58))
    if payload is None or payload[0] not in _VERSIONS:
        return None
    return _VERSIONS[payload[0]], text


def _from_base58(text: str, alphabet: str) -> bytes:
    number = 0
    for letter in text:
        number = number * 58 + alphabet.index(letter)
    zeros = len(text) - len(text.lstrip(alphabet[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _checked(data: bytes) -> bytes | None:
    """Version and hash, if they are followed by four bytes of their double SHA-256."""
    if len(data) != 25:
        return None
    digest = hashlib.sha256(hashlib.sha256(data[:21]).digest()).digest()
    return data[:21] if digest[:4] == data[21:] else None


def _monero(text: str) -> tuple[str, str] | None:
    data = bytearray()
    for start in range(0, len(text), 11):
        block = text[start : start + 11]
        number = 0
        for letter in block:
            number = number * 58 + _BASE58.index(letter)
        size = _MONERO_BLOCKS[len(block)]
        if number >> (8 * size):
            return None
        data += number.to_bytes(size, "big")
    right = data[0] in _MONERO[len(text)] and keccak_256(bytes(data[:-4]))[:4] == data[-4:]
    return ("xmr_wallet", text) if right else None


def _bech32(text: str) -> tuple[str, str] | None:
    prefix, _, rest = text.rpartition("1")
    values = [_BASE32.index(letter) for letter in rest]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    checksum = _polymod(
        [*expanded, *values], 30, (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
    )
    if prefix == "addr":
        return ("ada_wallet", text) if checksum == 1 and len(values) in (53, 98) else None
    # Version 0 has the first constant, all later ones the second (BIP-350).
    version = values[0]
    if checksum != (1 if version == 0 else 0x2BC830A3) or version > 16:
        return None
    size = (len(values) - 7) * 5 // 8
    if size not in ((20, 32) if version == 0 else range(2, 41)):
        return None
    return f"{'btc' if prefix == 'bc' else prefix}_wallet", text


def _cash(text: str) -> tuple[str, str] | None:
    bare = text.removeprefix("bitcoincash:")
    if any(letter not in _BASE32 for letter in bare):
        return None
    values = [ord(c) & 31 for c in "bitcoincash"] + [0] + [_BASE32.index(c) for c in bare]
    generators = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
    right = _polymod(values, 40, generators) == 1
    return ("bch_wallet", "bitcoincash:" + bare) if right else None


def _polymod(values: Iterable[int], bits: int, generators: Sequence[int]) -> int:
    """The remainder of both Bech32 and CashAddr, which differ in width and polynomial."""
    mask = (1 << (bits - 5)) - 1
    remainder = 1
    for value in values:
        top = remainder >> (bits - 5)
        remainder = (remainder & mask) << 5 ^ value
        for place, generator in enumerate(generators):
            if top >> place & 1:
                remainder ^= generator
    return remainder


_LANE = (1 << 64) - 1
_RATE = 136  # bytes taken in between two permutations


def keccak_256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum and Monero use it: SHA-3 with the padding it had before FIPS 202.

    Examples:
        >>> keccak_256(b"").hex()[:16]
        'c5d2460186f7233c'
    """
    padded = bytearray(data + b"\x01" + b"\0" * (_RATE - 1 - len(data) % _RATE))
    padded[-1] |= 0x80
    lanes = [0] * 25
    for start in range(0, len(padded), _RATE):
        for place in range(_RATE // 8):
            at = start + 8 * place
            lanes[place] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _permuted(lanes: list[int]) -> list[int]:
    """Keccak-f[1600]; lane (x, y) stands at x + 5 * y."""
    for constant in _round_constants():
        columns = [
            lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]
            for x in range(5)
        ]
        mixed = [columns[x - 1] ^ _turned(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [lane ^ mixed[place % 5] for place, lane in enumerate(lanes)]
        moved = lanes.copy()
        x, y, lane = 1, 0, lanes[1]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            place = x + 5 * y
            moved[place], lane = _turned(lane, (step + 1) * (step + 2) // 2 % 64), lanes[place]
        lanes = [
            moved[place] ^ (~moved[row + (x + 1) % 5] & moved[row + (x + 2) % 5])
            for row in range(0, 25, 5)
            for x, place in enumerate(range(row, row + 5))
        ]
        lanes[0] ^= constant
    return lanes


def _turned(lane: int, bits: int) -> int:
    return (lane << bits | lane >> (64 - bits)) & _LANE


@cache
def _round_constants() -> tuple[int, ...]:
    """From the shift register that the standard defines them by (FIPS 202, 3.2.5)."""
    constants = []
    register = 1
    for _ in range(24):
        constant = 0
        for power in range(7):
            if register & 1:
                constant |= 1 << ((1 << power) - 1)
            register <<= 1
            if register & 0x100:
                register ^= 0x171
        constants.append(constant)
    return tuple(constants)
