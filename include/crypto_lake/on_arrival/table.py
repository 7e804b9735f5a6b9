"""A dropped file's columns: what each is for, how its values are written, and the texts for each target."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival import currencies, values
from include.crypto_lake.on_arrival import moments as times
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
    MOMENT,
    OF_AN_INTERVAL,
    RESERVED,
    SCHEMA,
    VOLUME_OF_SOMETHING,
    Meaning,
    further_name,
    meaning,
    snake_case,
)
from include.crypto_lake.on_arrival.moments import DateEvidence
from include.crypto_lake.on_arrival.nesting import unnested
from include.crypto_lake.on_arrival.reading import Chunk, Content, Malformed
from include.crypto_lake.on_arrival.reading.chunks import text_array
from include.crypto_lake.on_arrival.refusals import UnusableFileError

Numpy = npt.NDArray[Any]

# What a message shows of a wrong file's column names: how many, and of each how much.
_SHOWN_NAMES = 20
_SHOWN_NAME = 60
_PAIRS = frozenset(
    {"symbol", "pair", "market", "instrument", "instrument_id", "product_id", "trading_pair", "ticker_id"}
)
# Of an envelope's members these hold for its rows.
_OF_ALL_ROWS = frozenset({"source", "currency", "last_updated"})


@dataclass
class Rows:
    """Some consecutive rows, ready to be typed.

    Attributes:
        numbers: Of the readable rows in the file, from 1.
        raws: Their text.
        cells: The file's columns by index: words for those of a target, else the text as it was.
        malformed: The rows that cannot be read.
    """

    numbers: Numpy
    raws: list[str]
    cells: dict[int, pa.Array]
    malformed: list[Malformed]

    @property
    def count(self) -> int:
        """How many readable rows there are."""
        return len(self.numbers)


@dataclass
class FileColumn:
    """A column of the file, and what all its values have shown.

    Attributes:
        name: As the file spells it.
        meaning: What it is for.
        is_envelope: Whether it is said once, of all rows.
        numbers: How its numbers are written, if it has any.
        dates: How its dates are.
        quotes: Of symbols and pairs: value -> the currency of the pair, null if it is none.
        kept_as: The further column that has what no target takes.
        style: How its numbers are read.
    """

    name: str
    meaning: Meaning
    is_envelope: bool = False
    numbers: values.NumberEvidence | None = None
    dates: DateEvidence | None = None
    quotes: dict[str, str | None] | None = None
    kept_as: str = ""
    style: values.NumberStyle = field(default_factory=values.NumberStyle)

    @property
    def target(self) -> str | None:
        """The table's column that it may fill."""
        return self.meaning.target if self.meaning.currency is None else None


class FileTable:
    """A file's columns: their values are noted, then `decide` says what they are, then they serve."""

    def __init__(self, content: Content, currency: str, latest: datetime) -> None:
        self.currency = currency
        self.latest = latest
        self.delimiter = content.delimiter
        self.titles = content.titles
        self.columns: list[FileColumn] = []
        self.ids: list[IdColumn] = []
        self.rows = 0
        self._combined = CombinedIds()
        self._indices: dict[tuple[str, int], int] = {}
        self._envelope = [
            (name, text) for name, text in content.envelope if meaning(name, currency).target in _OF_ALL_ROWS
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
            rows.cells[index] = self._noted(index, array)
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
            elif snake_case(name) in _PAIRS:
                column.quotes = {}
            self.columns.append(column)
            if (ids := id_column(name, index)) and not column.is_envelope:
                self.ids.append(ids)
        return self._indices[name, nth]

    def _noted(self, index: int, cells: pa.Array) -> pa.Array:
        column = self.columns[index]
        if column.target or any(ids.index == index for ids in self.ids):
            cells = values.words(
                cells, missing=("",) if column.target in ("symbol", "name") else values.MISSING
            )
        if column.numbers:
            column.numbers.note(cells)
        elif column.dates:
            column.dates.note(cells)
        elif column.quotes is not None:
            certain = snake_case(column.name) != "symbol"
            for text in set(cells.unique().to_pylist()) - column.quotes.keys():
                if text is not None and len(column.quotes) < MAX_COINS:
                    column.quotes[text] = currencies.quote_of(text[:40], certain=certain)
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
        in_titles = {code for title in self.titles for code in currencies.named_in(title)}
        labeled = any(self.currency in snake_case(column.name).split("_") for column in priced)
        if in_titles and self.currency not in in_titles and not labeled:
            raise UnusableFileError(
                "other_currency",
                f"the lines above the header name {', '.join(sorted(in_titles))}, and the lake's currency is "
                f"{self.currency}: convert the prices, and leave those lines out",
                sample="\n".join(self.titles),
            )

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
        return (
            target == "total_volume"
            and snake_case(column.name) in VOLUME_OF_SOMETHING
            and bool(self.snakes & EXCHANGE_COLUMNS)
        )

    def moments(self, rows: Rows, target: str) -> tuple[Numpy, Numpy, Numpy, Numpy]:
        """A target's moments, the problems, where there was text, and where it was a day without a time."""
        found = np.full(rows.count, np.datetime64("NaT"), "datetime64[us]")
        problems = np.zeros(rows.count, np.int8)
        there = np.zeros(rows.count, np.bool_)
        days = np.zeros(rows.count, np.bool_)
        for cells, evidence in self._moment_cells(rows, target):
            at, wrong, day = times.moments(cells, evidence)
            has = values.mask(pc.is_valid(cells))
            now = has & np.isnat(found) & (~there | ~np.isnat(at))
            found[now], problems[now], days[now] = at[now], wrong[now], day[now]
            there |= has
        return found, problems, there, days

    def _moment_cells(self, rows: Rows, target: str) -> list[tuple[pa.Array, DateEvidence]]:
        """A target's cells; a day and a clock in two columns are one moment."""
        made = []
        sources = [index for index in self.sources[target] if index in rows.cells]
        dates = [index for index in sources if snake_case(self.columns[index].name) in ("date", "day")]
        for index in sources:
            cells, evidence = rows.cells[index], cast("DateEvidence", self.columns[index].dates)
            if dates and index not in dates:
                clocks = times.is_clock(cells)
                if bool(pc.any(clocks).as_py()):
                    day = rows.cells[dates[0]]
                    of_days = cast("DateEvidence", self.columns[dates[0]].dates)
                    both = pc.binary_join_element_wise(day, cells, " ")
                    made.append((pc.if_else(pc.fill_null(clocks, False), both, None), of_days))
            made.append((cells, evidence))
        return made

    def prices(self, rows: Rows, row: int) -> list[str]:
        """What the columns say that have the right to name a row's price: more than one if they disagree."""
        sources = [index for index in self.sources["current_price"] if self.cells(rows, index)[row].is_valid]
        best = [self.columns[index].meaning.precedence for index in sources[:1]]
        rivals = [index for index in sources if self.columns[index].meaning.precedence in best]
        return list(dict.fromkeys(self.cells(rows, index)[row].as_py() for index in rivals))

    def ambiguous_days(self, rows: Rows, row: int) -> set[str]:
        """The days that a row's ambiguous date may be."""
        for cells, evidence in self._moment_cells(rows, "last_updated"):
            if (text := cells[row].as_py()) is not None:
                return evidence.possible_days(text)
        return set()

    def currency_of(self, rows: Rows) -> tuple[pa.Array, Numpy]:
        """Each row's currency if it is said, and whether it is another than the lake's."""
        other = np.zeros(rows.count, np.bool_)
        said = pa.nulls(rows.count, pa.string())
        sources = [self.text(rows, "currency")] if self.sources["currency"] else []
        for index, column in enumerate(self.columns):
            if index not in rows.cells:
                continue
            if snake_case(column.name) == "target" and "base" in self.snakes:
                sources.append(values.words(rows.cells[index]))
            elif snake_case(column.name) == "quote" and not column.target:
                cells = values.words(rows.cells[index])
                sources.append(_where(cells, currencies.is_currency))
            elif column.quotes and any(column.quotes.values()):
                cells = rows.cells[index]
                encoded = cells.dictionary_encode()
                quotes = [column.quotes.get(text) for text in encoded.dictionary.to_pylist()]
                sources.append(pa.array(quotes, pa.string()).take(encoded.indices))
        for cells in sources:
            encoded = cells.dictionary_encode()
            is_other = [
                text is not None and not currencies.is_of(text, self.currency)
                for text in encoded.dictionary.to_pylist()
            ]
            if any(is_other):
                other |= values.mask(pa.array(is_other, pa.bool_()).take(encoded.indices))
        if sources:
            said = pc.coalesce(*sources)
        return said, other

    def symbols(self, rows: Rows) -> pa.Array:
        """Symbols in lower case, of a trading pair the coin's."""
        cells = self.text(rows, "symbol")
        quotes = {
            text: quote
            for index in self.sources["symbol"]
            for text, quote in (self.columns[index].quotes or {}).items()
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


def _where(cells: pa.Array, holds: object) -> pa.Array:
    encoded = cells.dictionary_encode()
    kept = [text if text is not None and holds(text) else None for text in encoded.dictionary.to_pylist()]  # type: ignore[operator]
    return pa.array(kept, pa.string()).take(encoded.indices)


def _numbered(names: Sequence[str]) -> list[tuple[str, int]]:
    """Names, each with how often it came before."""
    before: Counter[str] = Counter()
    made = []
    for name in names:
        made.append((name, before[name]))
        before[name] += 1
    return made
