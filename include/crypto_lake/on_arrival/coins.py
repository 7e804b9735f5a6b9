"""Which coin a row is of: what each column that may say so says, and which of them is believed.

A guess would put a price under another coin. So a row's own `id` comes first, what cannot be CoinGecko's id
is not taken for one, and a row that offers two different ids is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival.columns import snake_case
from include.crypto_lake.on_arrival.currencies import CURRENCIES, NOT_COINS, TICKERS, quote_of
from include.crypto_lake.on_arrival.reading.chunks import KEY
from include.crypto_lake.on_arrival.values import Distinct

# Twice what CoinGecko has ever listed. A file with more has something else where ids should be.
MAX_COINS = 50_000
_EXAMPLES = 5

# By their names without underscores, in the order in which they are believed.
_COINGECKOS = frozenset({"coingeckoid", "coingecko", "geckoid", "cgid", "coingeckoslug", "coingeckocoinid"})
_LOOK_ALIKES = frozenset({"coin", "coinslug", "slug"})
_OWN, _LAKES, _LOOKS = "id", "coin_id", "look-alike"
# Never believed, but named when a row is refused.
_OTHERS = frozenset(
    {"symbol", "nameid", "name", "ticker", "asset", "base", "uuid", "pair", "market", "currency"}
)
# CoinMarketCap's columns, whose slugs are its own: bnb is CoinGecko's binancecoin.
# Then CoinCap's, whose ids are names: binance-coin. Kaggle's, which were read from CoinMarketCap.
_FOREIGN = frozenset({"cmcrank", "cmcid", "nummarketpairs", "nameid", "ranknow"})
_FOREIGN_IDS = frozenset({"changepercent24hr", "vwap24hr", "volumeusd24hr"})

_NUMBER = re.compile(r"[-+]?[0-9][0-9.,]*([eE][-+]?[0-9]+)?")
_DATE = re.compile(
    r"[0-9]{4}[-/._][0-9]{1,2}([-/._][0-9]{1,2}.*)?|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}.*"
    r"|([A-Z][a-z]{2,8}\.? )[0-9]{1,2},? [0-9]{4}.*"
)
_KEY = re.compile(
    r"[0-9a-fA-F]{24}|0x[0-9a-fA-F]{8,}.*|[0-9a-fA-F]{32,}"
    r"|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    # Random letters and digits, as programs make them up.
    r"|(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])[0-9A-Za-z_-]{16,}|(?=.*[0-9])[0-9A-Z]{16,}"
    r"|(?=(.*[0-9]){4})[0-9a-z]{20,}"
    # A coin together with a day or a moment.
    r"|.*[-_:#|/.](19|20)[0-9]{2}([-_]?)[0-9]{2}\4[0-9]{2}.*|.*[-_:#|/.]1[0-9]{9}([0-9]{3})?"
)
_SLUG = re.compile(r"[\w$][\w.$+!'’&-]*")
_TICKER = re.compile(r"[A-Z0-9]{2,5}|[A-Z]+[0-9]+")
# A column that has one of these where ids should be has names where there are capitals.
_NOT_SLUGS = ("a name", "a symbol", "a currency")
_SUMS = frozenset(
    ["total", "totals", "sum", "subtotal", "average", "mean", "count", "summe", "gesamt", "durchschnitt",
     "totale", "somme", "moyenne", "suma", "promedio", "soma"]
)  # fmt: skip
# Of a description: coins only if a column has no more than one of them.
_STATISTICS = frozenset({"max", "min", "std", "median", "maximum", "minimum", "25%", "50%", "75%"}) | _SUMS


def nature(text: str) -> str:
    """What a text that should be CoinGecko's id looks like; empty if it may be one."""
    lower = text.lower()
    if text.startswith(("{", "[")):
        return "nested"
    if _NUMBER.fullmatch(text):
        return "a number"
    if _DATE.fullmatch(text):
        return "a date"
    if _KEY.fullmatch(text):
        return "another system's key"
    if lower in CURRENCIES and lower in NOT_COINS:
        return "a currency"
    if lower in TICKERS:
        return "a symbol"
    if _is_pair(text):
        return "a trading pair"
    if not _SLUG.fullmatch(text) or re.search("[a-z][A-Z]", text):
        return "a name"
    return "a total" if lower in _SUMS else ""


def _is_pair(text: str) -> bool:
    first, *others = re.split("[-_/:.]", text)
    if text.isupper() and others and (first.lower() in TICKERS or quote_of(first, certain=True)):
        return True  # BTC-PERP, BTCUSDT_PERP
    if not quote_of(text, certain=text.isupper() and len(text) > 5):
        # Exchanges also write the quote first: USDT_BTC.
        first, _, second = text.partition("_")
        return text.isupper() and first.lower() in CURRENCIES and second.isalnum()
    # true-usd and celo-dollar are coins.
    return text != text.lower() or "-" not in text or text.lower().split("-")[0] in NOT_COINS or "/" in text


def _is_combined(text: str) -> bool:
    symbol, _, name = text.lower().partition("-")
    letters = iter(name)
    return bool(name) and 3 <= len(symbol) <= 8 and all(letter in letters for letter in symbol)


@dataclass
class IdColumn:
    """A column that may say which coin a row is of, and all that it says.

    Attributes:
        name: As the file spells it.
        index: Of the file's columns.
        kind: Why it is believed: `coingecko`, `id`, `coin_id`, or `look-alike`; empty: never.
        natures: Value -> what it looks like; empty if it may be an id.
    """

    name: str
    index: int
    kind: str
    natures: dict[str, str] = field(default_factory=dict)
    _distinct: Distinct = field(default_factory=Distinct)

    def note(self, words: pa.Array) -> None:
        """Take the column's values of some rows."""
        for text in self._distinct.new_in(words):
            self.natures[text] = nature(text)

    def decide(self) -> None:
        """Judge each value by all of them: a column that has symbols or names has only those."""
        kinds = Counter(self.natures.values())
        if len(statistics := [text for text in self.natures if text.lower() in _STATISTICS]) > 1:
            self.natures |= dict.fromkeys(statistics, "a total")
        plausible = [text for text, what in self.natures.items() if not what]
        shouted = [text for text in plausible if text.isupper() and text.isalpha()]
        has_long_ids = any(len(text) > 5 for text in shouted) and not kinds["a symbol"]
        for text in plausible:
            capitals = text != text.lower()
            if kinds["a trading pair"] and self.kind != "coingecko" and quote_of(text, certain=True):
                self.natures[text] = "a trading pair"
                continue
            if text.isupper() and _TICKER.fullmatch(text) and not has_long_ids:
                self.natures[text] = "a symbol"
            elif (capitals and self.kind == _LOOKS and not text.isupper()) or (
                capitals and self.kind != "coingecko" and any(map(kinds.get, _NOT_SLUGS))
            ):
                self.natures[text] = "a name"
            elif (kinds["a symbol"] or kinds["a currency"]) and len(text) <= 5 and self._is_symbols():
                self.natures[text] = "a symbol"

    def _is_symbols(self) -> bool:
        """Whether nothing in the column is longer than a symbol."""
        return self.kind != "coingecko" and all(len(text) <= 6 for text in self.natures)

    @property
    def is_numbered(self) -> bool:
        """Whether its values differ in a number at their end alone."""
        starts = {re.sub("[0-9]+$", "", text) for text in self.natures}
        return len(self.natures) > 1 and len(starts) == 1 and not starts & self.natures.keys()

    @property
    def are_combined(self) -> bool:
        """Whether half of its values, or more, have a coin's symbol before its name: btc-bitcoin."""
        return 2 * sum(map(_is_combined, self.natures)) >= max(1, len(self.natures))

    def refuse(self, what: str) -> None:
        """Take no value for an id any more."""
        self.natures = {text: found or what for text, found in self.natures.items()}

    def ids(self, words: pa.Array) -> pa.Array:
        """The values that may be ids, in lower case."""
        if self._is_plain:
            return words
        encoded = words.dictionary_encode()
        known = [
            None if text is None or self.natures[text] else text.lower()
            for text in encoded.dictionary.to_pylist()
        ]
        return pa.array(known, pa.string()).take(encoded.indices)

    @cached_property
    def _is_plain(self) -> bool:
        """Whether all values are ids as they are."""
        return not any(self.natures.values()) and all(text == text.lower() for text in self.natures)


def id_column(name: str, index: int) -> IdColumn | None:
    """The column, if it may say which coin a row is of or is worth naming when none does."""
    compact = snake_case(name).replace("_", "")
    if name == KEY:
        return IdColumn("its key", index, _LOOKS)
    if compact in _COINGECKOS:
        kind = "coingecko"
    elif compact == "id":  # `_id` is a database's
        kind = _LOOKS if name.strip().startswith("_") else _OWN
    elif compact == "coinid":
        kind = _LAKES
    elif compact in _LOOK_ALIKES:
        kind = _LOOKS
    else:
        return IdColumn(name, index, "") if compact in _OTHERS else None
    return IdColumn(name, index, kind)


@dataclass
class CombinedIds:
    """Whether a file's ids are made of its symbols and names, as CoinPaprika's `btc-bitcoin` is."""

    rows: int = 0
    exact: int = 0
    are_possible: bool = True

    def note(self, ids: pa.Array, symbols: pa.Array, names: pa.Array) -> None:
        """Take some rows."""
        if not self.are_possible:
            return
        for coin, symbol, name in zip(ids.to_pylist(), symbols.to_pylist(), names.to_pylist(), strict=True):
            if coin and symbol:
                if not coin.lower().startswith(f"{symbol.lower()}-"):
                    self.are_possible = False
                    return
                self.rows += 1
                slug = re.sub("[^a-z0-9]+", "-", (name or "").lower()).strip("-")
                self.exact += coin.lower() == f"{symbol.lower()}-{slug}"

    @property
    def are_there(self) -> bool:
        """Whether all rows show it, and one of them exactly."""
        return self.are_possible and (self.exact > 0 or self.rows > 2)


class CoinColumns:
    """A file's columns that may say which coin a row is of."""

    def __init__(self, columns: Sequence[IdColumn], names: Iterable[str], *, are_combined: bool) -> None:
        self.all = columns
        self.believed = [column for column in columns if column.kind]
        compact = {snake_case(name).replace("_", "") for name in names}
        for column in self.believed:
            column.decide()
        keys = ("a number", "another system's key")
        own = [column for column in self.believed if column.kind == _OWN]
        others = [column for column in self.believed if column.kind != _OWN and "" in column.natures.values()]
        for column in self.believed:
            is_own = column.kind == _OWN
            if (
                (column.kind != "coingecko" and column.are_combined)
                or (is_own and (are_combined or compact & _FOREIGN_IDS))
                or (is_own and others and column.is_numbered)
            ):
                column.refuse("another system's key")
        is_foreign = bool(compact & _FOREIGN) or any(
            what in keys for column in own for what in column.natures.values()
        )
        if is_foreign:
            for column in self.believed:
                if column.kind == _LOOKS and snake_case(column.name) != "coin":
                    column.refuse("another system's key")

    def ids(self, words: Sequence[pa.Array | None], rows: int) -> tuple[pa.Array, pa.Array]:
        """Each row's coin, and whether it offers several.

        Args:
            words: The file's columns, by index; None: the chunk does not have it.
            rows: How many rows there are.

        Returns:
            The id in lower case, null if there is none or several; and a truth where there are several.
        """
        by_kind: dict[str, list[pa.Array]] = {}
        for column in self.believed:
            cells = words[column.index]
            if cells is not None:
                by_kind.setdefault(column.kind, []).append(column.ids(cells))
        nothing = pa.nulls(rows, pa.string())
        no = pa.repeat(pa.scalar(False), rows)
        found, several = nothing, no
        for kinds in (("coingecko",), (_OWN, _LAKES), (_LOOKS,)):
            candidates = [cells for kind in kinds for cells in by_kind.get(kind, ())]
            if not candidates:
                continue
            first = pc.coalesce(*candidates) if len(candidates) > 1 else candidates[0]
            differs = no
            for cells in candidates[1:]:
                differs = pc.or_(differs, pc.fill_null(pc.not_equal(cells, first), False))
            several = pc.or_(several, pc.and_(differs, pc.is_null(found)))
            found = pc.coalesce(found, first)
        return pc.if_else(several, None, found), several

    def described(self, words: Sequence[pa.Array | None], row: int) -> str:
        """What a row has instead of CoinGecko's id."""
        parts = []
        for column in self.all:
            cells = words[column.index]
            text = None if cells is None else cells[row].as_py()
            if text is not None:
                what = column.natures.get(text, "") if column.kind else ""
                parts.append(f"{column.name} {text[:60]!r}" + (f" ({what})" if what else ""))
        return ", ".join(parts[:_EXAMPLES])
