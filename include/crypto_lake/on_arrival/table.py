"""A dropped file's columns: what each is for, how its values are written, and the texts for each target."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival import currencies, values
from include.crypto_lake.on_arrival.coins import (
    MAX_COINS,
    CoinColumns,
    CombinedIds,
    IdColumn,
    id_column,
)
from include.crypto_lake.on_arrival.columns import (
    AMOUNT,
    COLUMNS,
    EXCHANGE_COLUMNS,
    HOLDINGS,
    MOMENT,
    OF_AN_INTERVAL,
    RESERVED,
    SCHEMA,
    TURNOVER,
    VOLUME_OF_24H,
    VOLUME_OF_SOMETHING,
    ZONES,
    further_name,
    meaning,
    snake_case,
)
from include.crypto_lake.on_arrival.file_columns import FileColumn, Rows
from include.crypto_lake.on_arrival.moments import DateEvidence
from include.crypto_lake.on_arrival.nesting import unnested
from include.crypto_lake.on_arrival.quotes import Quotes
from include.crypto_lake.on_arrival.reading import Chunk, Content
from include.crypto_lake.on_arrival.reading.chunks import text_array
from include.crypto_lake.on_arrival.refusals import UnusableFileError
from include.crypto_lake.on_arrival.row_currency import CurrencyColumns
from include.crypto_lake.on_arrival.row_moments import MomentColumns

Numpy = npt.NDArray[Any]

# What a message shows of a wrong file's column names: how many, and of each how much.
_SHOWN_NAMES = 20
_SHOWN_NAME = 60
# Of an envelope's members these hold for its rows.
_OF_ALL_ROWS = frozenset({"source", "last_updated"})


class FileTable:
    """A file's columns: their values are noted, then `decide` says what they are, then they serve."""

    def __init__(self, content: Content, key: str, currency: str, latest: datetime) -> None:
        self.key = key
        self.currency = currency
        self.latest = latest
        self.delimiter = content.delimiter
        self.titles = content.titles
        self.columns: list[FileColumn] = []
        self.ids: list[IdColumn] = []
        self.rows = 0
        self._combined = CombinedIds()
        self._indices: dict[tuple[str, int], int] = {}
        self._said = [
            said
            for name, text in content.envelope
            if (said := text if _names_currency(name, currency) else currencies.said_by(text))
        ]
        self._envelope = [
            (name, text)
            for name, text in content.envelope
            if meaning(name, currency).target in _OF_ALL_ROWS or snake_case(name) in ZONES
        ]
        for name, nth in _numbered(content.columns):
            self._index(name, nth)

    # --- first: note ---

    def note(self, chunk: Chunk) -> Rows:
        """Take a chunk's values into account; returns its rows by the file's columns.

        Raises:
            UnusableFileError: too many different coins.
        """
        rows = Rows(np.array(chunk.numbers, np.int64), chunk.raws, {}, chunk.malformed)
        if not chunk.numbers:
            return rows
        self.rows += rows.count
        columns = unnested(chunk.columns, self.currency)
        numbered = list(zip(_numbered([name for name, _ in columns]), columns, strict=True))
        cells = [(self._index(name, nth), array) for (name, nth), (_, array) in numbered]
        cells += [
            (self._index(name, -1), pa.repeat(text_array([text])[0], rows.count))
            for name, text in self._envelope
        ]
        for index, array in cells:
            rows.cells[index] = self._noted(index, array, rows.raws)
        if self._combined.are_possible:
            by_name = {snake_case(self.columns[index].name): cells for index, cells in rows.cells.items()}
            if "id" in by_name and "symbol" in by_name:
                name = by_name.get("name", pa.nulls(rows.count, pa.string()))
                self._combined.note(by_name["id"], by_name["symbol"], name)
        for ids in self.ids:
            if ids.kind and ids.index in rows.cells:
                ids.note(rows.cells[ids.index])
                if len(ids.natures) > MAX_COINS:
                    raise UnusableFileError(
                        "too_large",
                        f"the file has over {MAX_COINS:,} different values in {ids.name}, which is more "
                        f"than there "
                        "are coins: write CoinGecko's ids into a column coin_id, or split the file",
                    )
        return rows

    def _index(self, name: str, nth: int) -> int:
        if (name, nth) not in self._indices:
            index = self._indices[name, nth] = len(self.columns)
            column = FileColumn(name, meaning(name, self.currency), is_envelope=nth == -1)
            kind = SCHEMA.field(column.target).type if column.target else None
            if kind in (AMOUNT, pa.int32()):
                column.numbers = values.NumberEvidence()
            elif kind == MOMENT:
                column.dates = DateEvidence(self.latest)
            elif column.target in (None, "symbol", "source") and not column.is_envelope:
                column.quotes = Quotes(name, column.target)
            self.columns.append(column)
            if (ids := id_column(name, index)) and not column.is_envelope:
                self.ids.append(ids)
        return self._indices[name, nth]

    def _noted(self, index: int, cells: pa.Array, raws: list[str]) -> pa.Array:
        column = self.columns[index]
        if column.target or any(ids.index == index for ids in self.ids):
            cells = values.words(
                cells, missing=("",) if column.target in ("symbol", "name") else values.MISSING
            )
        if column.numbers:
            column.numbers.note(cells, () if self.delimiter else raws)
        elif column.dates:
            column.dates.note(cells)
        elif column.quotes:
            column.quotes.note(cells)
        return cells

    # --- then: decide ---

    def decide(self) -> None:
        """Decide what each column is and how its values are written.

        Raises:
            UnusableFileError: no row can have what every row needs.
        """
        names = [column.name for column in self.columns]
        self.coins = CoinColumns(self.ids, names, are_combined=self._combined.are_there)
        shown = 0
        for column in self.columns:
            shown |= column.numbers.shown if column.numbers else 0
        for column in self.columns:
            if column.numbers:
                column.style = values.NumberStyle.decide(column.numbers, shown, self.delimiter)
        self.sources: dict[str, list[int]] = defaultdict(list)
        for index in sorted(
            range(len(names)), key=lambda i: (self.columns[i].is_envelope, self.columns[i].meaning[1])
        ):
            column = self.columns[index]
            if column.target and column.target != "coin_id":
                self.sources[column.target].append(index)
        self.moments = MomentColumns(self.columns, self.sources, DateEvidence(self.latest))
        self.currencies = CurrencyColumns(self.columns, self.sources["currency"], self._said, self.currency)
        self.snakes = {snake_case(name) for name in names}
        self.is_candles = bool(
            self.snakes & {"open", "open_price", "opening_price"}
            or (self.snakes & {"close", "close_price"} and self.snakes & {"high", "low"})
        )
        self._name_further_columns()
        self.check()

    def check(self) -> None:
        """Check that the columns can give what every row needs.

        Raises:
            UnusableFileError: they cannot.
        """
        priced = [column for column in self.columns if column.meaning.target == "current_price"]
        prices = [column for column in priced if column.meaning.currency]
        if not any(column.kind for column in self.ids):
            raise self._lacks("coin_id")
        if len(prices) == len(priced):
            named = [f"{column.name} ({column.meaning.currency})" for column in prices]
            if any(snake_case(column.name) == "quote_currency" for column in self.columns):
                named.append("quotes in others")
            if named:
                raise UnusableFileError(
                    "other_currency",
                    f"the file has no price in the lake's currency, {self.currency}, "
                    f"only {', '.join(named)}: "
                    f"convert the prices, and write them into a column price_{self.currency}",
                )
            raise self._lacks("current_price")
        held = HOLDINGS & {snake_case(column.name) for column in self.columns}
        if held and {snake_case(column.name) for column in priced} == {self.currency}:
            raise UnusableFileError(
                "wrong_shape",
                f"the column {self.currency} stands beside {', '.join(sorted(held))}, so it may be "
                f"what coins that are held are worth: write the price of one coin into price_{self.currency}",
            )
        self.check_titles(self.titles, "the text above the header")
        in_name = currencies.named_in_key(self.key)
        if in_name and self.currency not in in_name and not self._is_labeled:
            raise UnusableFileError(
                "other_currency",
                f"the file's name has {', '.join(sorted(in_name))}, and the lake's currency is "
                f"{self.currency}: convert the prices if they are in another one, and write them into a "
                f"column price_{self.currency}",
            )

    @property
    def _is_labeled(self) -> bool:
        """Whether a price says that it is in the lake's currency."""
        priced = (column.name for column in self.columns if column.meaning.target == "current_price")
        return any(self.currency in snake_case(name).split("_") for name in priced)

    def check_titles(self, lines: Sequence[str], where: str) -> None:
        """Check that text around the rows says nothing of their amounts that they do not say themselves.

        Raises:
            UnusableFileError: it names another currency, or a scale.
        """
        named = {code for line in lines for code in currencies.named_in(line)}
        if named and self.currency not in named and not self._is_labeled:
            raise UnusableFileError(
                "other_currency",
                f"{where} names {', '.join(sorted(named))}, and the lake's currency is {self.currency}: "
                f"convert the prices, and leave those lines out",
                sample="\n".join(lines),
            )
        if scale := next(filter(None, map(currencies.scale_in, lines)), ""):
            raise UnusableFileError(
                "wrong_shape",
                f"{where} says {scale!r}, so amounts may be in that unit: write all of them in full, and "
                "leave those lines out",
                sample="\n".join(lines),
            )

    def unit_below_header(self, rows: Rows, row: int) -> str:
        """What a row without a coin has in place of a price, if it is words, and not the lake's currency."""
        texts = (self.cells(rows, index)[row].as_py() for index in self.sources["current_price"])
        text = next(filter(None, texts), "")
        is_unit = text and not any(map(str.isdigit, text)) and not currencies.is_of(text, self.currency)
        return text if is_unit else ""

    def is_second_header(self, rows: Rows, row: int) -> bool:
        """Whether a row has the names of columns, but not in their places."""
        texts = {
            index: snake_case(text)
            for index, cells in rows.cells.items()
            if not self.columns[index].is_envelope and (text := cells[row].as_py())
        }
        names = {snake_case(column.name) for column in self.columns}
        if len(texts) < 2 or not set(texts.values()) <= names:
            return False
        return any(text != snake_case(self.columns[index].name) for index, text in texts.items())

    def _lacks(self, wanted: str) -> UnusableFileError:
        [column] = [column for column in COLUMNS if column.name == wanted]
        accepted = [name.format(currency=self.currency) for name in (wanted, *column.aliases)]
        names = [snake_case(column.name)[:_SHOWN_NAME] for column in self.columns]
        names = names[:_SHOWN_NAMES] + ["…"] * (len(names) > _SHOWN_NAMES)
        return UnusableFileError(
            "wrong_shape",
            f"the file has no column {wanted}, only {', '.join(names) or 'none'}: "
            f"call it one of {', '.join(accepted)}",
        )

    def _name_further_columns(self) -> None:
        """Give every column a name of its own, for what is not taken into a target."""
        taken = Counter(dict.fromkeys((*SCHEMA.names, *RESERVED), 1))
        # Columns of no target first: their names must not depend on what is passed over.
        for last in (False, True):
            for position, column in enumerate(self.columns, 1):
                if column.is_envelope or bool(column.target) != last:
                    continue
                wanted = name = further_name(snake_case(column.name), position)
                while taken[name]:
                    taken[wanted] += 1
                    name = f"{wanted}_{taken[wanted]}"
                taken[name] += 1
                column.kept_as = name

    # --- then: serve ---

    def cells(self, rows: Rows, index: int) -> pa.Array:
        """A column's cells in some rows; nulls if none of them has it."""
        found = rows.cells.get(index)
        return pa.nulls(rows.count, pa.string()) if found is None else found

    def by_index(self, rows: Rows) -> list[pa.Array | None]:
        """The cells of all columns; None for one that the rows do not have."""
        return [rows.cells.get(index) for index in range(len(self.columns))]

    def further(self, rows: Rows, coins: pa.Array) -> dict[str, pa.Array]:
        """The columns that fill no target, and those whose values were passed over somewhere."""
        made = {}
        ids = {column.index for column in self.coins.believed}
        for index, cells in sorted(rows.cells.items()):
            column = self.columns[index]
            if column.is_envelope or not column.kept_as:
                continue
            if index in ids:
                same = pc.equal(pc.utf8_lower(cells), coins)
                if pc.all(pc.fill_null(same, True)).as_py():
                    continue
            elif column.target:
                before = self.sources[column.target]
                before = before[: before.index(index)]
                used = [rows.cells[other] for other in before if other in rows.cells]
                if not used:
                    continue
                passed_over = pc.and_(pc.is_valid(pc.coalesce(*used)), pc.is_valid(cells))
                if not pc.any(pc.and_(passed_over, pc.not_equal(pc.coalesce(*used), cells))).as_py():
                    continue
            made[column.kept_as] = pc.if_else(pc.equal(cells, ""), None, cells)
        return made

    def text(self, rows: Rows, target: str) -> pa.Array:
        """The texts of a target that is text: in each row the first that is there."""
        sources = [self.cells(rows, index) for index in self.sources[target]]
        return pc.coalesce(*sources) if sources else pa.nulls(rows.count, pa.string())

    def amounts(self, rows: Rows, target: str) -> tuple[Numpy, Numpy, Numpy]:
        """A target's numbers, the problems with them, and where there was text."""
        found = np.full(rows.count, np.nan)
        problems = np.zeros(rows.count, np.int8)
        there = np.zeros(rows.count, np.bool_)
        first: dict[int, int] = {}
        for index in self.sources[target]:
            if index not in rows.cells:
                continue
            column, cells = self.columns[index], rows.cells[index]
            numbers, wrong = values.numbers(
                cells, column.style, currency=self.currency, percent="percentage" in target
            )
            if self._unit_is_unknown(target, column):
                numbers, wrong = (
                    np.full(rows.count, np.nan),
                    np.where(values.mask(pc.is_valid(cells)), values.UNKNOWN_UNIT, 0),
                )
            has = values.mask(pc.is_valid(cells))
            now = has & ~there
            found[now], problems[now] = numbers[now], wrong[now]
            # Two columns of one name must agree.
            if column.meaning.precedence in first:
                differs = has & there & (numbers != found) & ~np.isnan(numbers)
                found[differs], problems[differs] = np.nan, values.AMBIGUOUS
            first.setdefault(column.meaning.precedence, index)
            there |= has
        return found, problems, there

    def _unit_is_unknown(self, target: str, column: FileColumn) -> bool:
        name = snake_case(column.name)
        if target != "total_volume":
            return False
        if self.snakes & TURNOVER and name in VOLUME_OF_24H:
            return True
        return name in VOLUME_OF_SOMETHING and bool(self.snakes & (EXCHANGE_COLUMNS | TURNOVER))

    def prices(self, rows: Rows, row: int) -> list[str]:
        """What the columns say that have the right to name a row's price: more than one if they disagree."""
        sources = [index for index in self.sources["current_price"] if self.cells(rows, index)[row].is_valid]
        best = [self.columns[index].meaning.precedence for index in sources[:1]]
        rivals = [index for index in sources if self.columns[index].meaning.precedence in best]
        return list(dict.fromkeys(self.cells(rows, index)[row].as_py() for index in rivals))

    def symbols(self, rows: Rows) -> pa.Array:
        """Symbols in lower case, of a trading pair the coin's."""
        cells = self.text(rows, "symbol")
        quotes = {
            text: quote
            for index in self.sources["symbol"]
            for text, quote in cast("Quotes", self.columns[index].quotes).found.items()
            if quote
        }
        if quotes:
            encoded = cells.dictionary_encode()
            symbols = [
                currencies.base_of(text, quotes[text]) if text in quotes else text
                for text in encoded.dictionary.to_pylist()
            ]
            cells = pa.array(symbols, pa.string()).take(encoded.indices)
        return pc.utf8_lower(cells)

    def of_an_interval(self) -> list[str]:
        """The targets that are filled from columns that do not say "of 24 hours"."""
        found = []
        for target, names in OF_AN_INTERVAL.items():
            written = {name.format(currency=self.currency) for name in names} | {f"{self.currency}_volume"}
            sources = [snake_case(self.columns[index].name) for index in self.sources[target]]
            if sources and any(name in written for name in sources):
                found.append(target)
        return found


def _names_currency(name: str, currency: str) -> bool:
    """Whether a member of an envelope is a currency, whatever it is: a unit may be a day."""
    return meaning(name, currency).target == "currency" and snake_case(name) != "unit"


def _numbered(names: Sequence[str]) -> list[tuple[str, int]]:
    """Names, each with how often it came before."""
    before: Counter[str] = Counter()
    made = []
    for name in names:
        made.append((name, before[name]))
        before[name] += 1
    return made
