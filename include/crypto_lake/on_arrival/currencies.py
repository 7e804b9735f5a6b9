"""In which currency a price is, wherever a file says so: a column's name, a value, a key, a pair."""

from __future__ import annotations

import re
from functools import cache

_FIAT = (
    "aed ars aud bdt bgn bhd bmd brl cad chf clp cny cop czk dkk egp eur gbp gel hkd huf idr ils inr "
    "isk jpy kes "
    "krw kwd lkr mad mmk mxn myr ngn nok nzd pen php pkr pln ron rub sar sek sgd thb try twd uah usd "
    "vef vnd xag "
    "xau xdr zar"
)
_COINS = "btc eth ltc bch bnb eos xrp xlm link dot yfi sol xbt bits sats usdt usdc busd fdusd tusd"
# What CoinGecko quotes prices in, and what exchanges do.
CURRENCIES = frozenset(f"{_FIAT} {_COINS}".split())
# These two are CoinGecko's ids of coins, too.
_ALSO_COINS = frozenset({"eos", "link"})
# Symbols that are nobody's id. A file that has one of them where ids should be has symbols there.
TICKERS = frozenset(
    ["ada", "doge", "trx", "shib", "avax", "atom", "etc", "xmr", "algo", "icp", "vet", "fil", "matic", "pol"]
) | (frozenset(_COINS.split()) - _ALSO_COINS)
NOT_COINS = (CURRENCIES - _ALSO_COINS) | TICKERS

# What may stand before or after a number.
_SIGNS = {
    "$": ("usd",), "us$": ("usd",), "€": ("eur",), "£": ("gbp",), "¥": ("jpy", "cny"), "₩": ("krw",),
    "₹": ("inr",),
    "₽": ("rub",), "₺": ("try",), "฿": ("thb",), "₿": ("btc",), "₫": ("vnd",), "₴": ("uah",), "₦": ("ngn",),
    "r$": ("brl",), "c$": ("cad",), "ca$": ("cad",), "a$": ("aud",), "au$": ("aud",), "hk$": ("hkd",),
    "nz$": ("nzd",), "s$": ("sgd",), "rs": ("inr",), "zł": ("pln",), "fr": ("chf",),
}  # fmt: skip
_WORDS = {
    "us dollar": "usd", "us dollars": "usd", "u s dollar": "usd", "dollar": "usd", "dollars": "usd",
    "euro": "eur",
    "euros": "eur", "pound sterling": "gbp", "yen": "jpy",
}  # fmt: skip
# Without a delimiter only these: CHAINLINK and POLKADOT are coins.
_JOINED = re.compile(
    "([a-z0-9]+?)(fdusd|tusd|busd|usdt|usdc|usd|eur|gbp|jpy|krw|try|brl|aud|cad|chf|btc|eth|bnb)"
)
_PAIR = re.compile(r"([a-z0-9]{2,12})([-_/: ])([a-z]{3,5})(?:[-_.:].*)?")


def is_currency(text: str) -> bool:
    """Whether a text is a currency's code, in any case."""
    return text.lower() in CURRENCIES


def is_of(text: str, currency: str) -> bool | None:
    """Whether a sign, a code or a name is of a currency; None if it is of none that is known."""
    plain = text.strip().lower()
    if signs := _SIGNS.get(plain):
        return currency in signs
    plain = re.sub(r"[^a-z]+", " ", plain).strip()
    code = _WORDS.get(plain, plain)
    return code == currency if code in CURRENCIES else None


@cache
def quote_of(pair: str, *, certain: bool) -> str | None:
    """The currency in which a trading pair is quoted: `usdt` of `BTC/USDT` and of `BTCUSDT`.

    Args:
        pair: Any text.
        certain: Whether it is known to be a pair. A symbol is one only if it has a delimiter, or begins with
            a well-known coin's: WBTC is a coin.

    Returns:
        The currency; None if the text is no pair.
    """
    text = pair.strip().lower()
    if match := _PAIR.fullmatch(text):
        return match[3] if match[3] in CURRENCIES else None
    if (match := _JOINED.fullmatch(text)) and (certain or match[1] in NOT_COINS):
        return match[2]
    return None


# Quotes of pairs that no coin's id ends in.
_QUOTES = frozenset(_FIAT.split()) | {"usdt", "usdc", "busd", "fdusd", "tusd", "btc", "eth"}
# CoinGecko's, CoinMarketCap's and CryptoCompare's parameters.
_PARAMETER = re.compile(r"[?&](?:vs_currency|vs_currencies|convert|tsyms?|currency)=([a-zA-Z]{3,5})(?:&|$)")


def said_by(text: str) -> str | None:
    """The currency that a text names and nothing else: a code, a sign, a pair, a request to an API."""
    if match := _PARAMETER.search(text):
        return match[1].lower()
    plain = text.strip()
    code = _WORDS.get(plain.lower(), plain.lower())
    if code in _FIAT.split():
        return code
    if not plain.isalnum() and len(signed := _SIGNS.get(plain.lower(), ())) == 1:
        return signed[0]
    quote = quote_of(plain[:40], certain=False) if plain == plain.upper() or "/" in plain else None
    return quote if quote in _QUOTES else None


# In a name these are words.
_NOT_IN_NAMES = frozenset({"try", "cop", "mad", "php", "pen", "gel", "sar", "top", "mop"})


def named_in_key(key: str) -> set[str]:
    """The currencies of state, and the quotes of pairs, that an object's key names."""
    found = set()
    for word in re.findall("[a-z0-9]+", key.lower()):
        quote = word if word in _FIAT.split() else quote_of(word, certain=False)
        if quote and quote in _QUOTES - _NOT_IN_NAMES:
            found.add(quote)
    return found


def base_of(pair: str, quote: str) -> str:
    """The coin's symbol in a trading pair."""
    return re.split(r"[-_/: ]", pair.strip())[0].lower().removesuffix(quote) or pair.strip().lower()


def named_in(text: str) -> set[str]:
    """The currencies that a line of text names by their codes in capitals, or by their signs."""
    signs = {code for sign, codes in _SIGNS.items() if not sign.isalnum() and sign in text for code in codes}
    words = {code for word, code in _WORDS.items() if re.search(rf"\b{word}\b", text.lower())}
    codes = {word.lower() for word in re.findall(r"\b[A-Z]{3}\b", text)}
    return signs | words | (codes & set(_FIAT.split()))


_SCALE = re.compile(r"\b(thousands?|millions?|billions?|mio|mrd|mln|bn|tsd)\b|'000|\b000s\b", re.IGNORECASE)


def scale_in(text: str) -> str:
    """The word of a line of text that says that amounts are in thousands or more; empty if there is none."""
    match = _SCALE.search(text)
    return match[0] if match else ""
