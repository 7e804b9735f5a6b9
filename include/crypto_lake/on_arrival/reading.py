"""Rows out of a dropped file, whatever shape it has: JSON, JSON Lines or CSV, plain or gzipped.

The shape is told from the content. Rows come in chunks, and every value becomes text or null: a number keeps
its digits, a nested value is JSON. So what comes after need not know what a row was read from, and memory
holds one chunk, never the file.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from typing import IO, Any, NoReturn

import pyarrow as pa

from include.crypto_lake.on_arrival.columns import MAX_COLUMNS
from include.crypto_lake.on_arrival.refusals import UnusableFileError

# A chunk ends at the first of these. More rows would save little time and cost much memory.
CHUNK_ROWS = 10_000
CHUNK_CHARACTERS = 8_000_000
# Of one row. What is longer or deeper is no price.
MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 64
# A quoted CSV field may hold line ends, but a quote that is never closed must not swallow the rows after it.
MAX_LINES_OF_A_RECORD = 20
# One value of a CSV: the csv module's own limit.
MAX_FIELD = 131_072

_BLOCK = 1 << 20
# Small: what has been read before a file breaks off is counted.
_LINES_BLOCK = 1 << 13
_SHOWN = 100  # characters before and after the place where a file breaks
_NO_TEXT = (
    (b"PAR1", "Parquet"),
    (b"PK\x03\x04", "a zip archive or an Excel sheet"),
    (b"\x1f\x8b", "gzip within gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"Obj\x01", "Avro"),
    (b"ORC", "ORC"),
    (b"SQLite", "a SQLite database"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF", "a PDF"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SPACE = re.compile(r"[ \t\n\r]*")
_REMEDY = "drop JSON, JSON Lines or CSV in UTF-8, plain or gzipped"
_COMPLETE = "drop the whole file again, complete"


@dataclass(frozen=True)
class Malformed:
    """A row that cannot be read: its number in the file from 1, what is wrong with it, its text."""

    number: int
    detail: str
    raw: str


@dataclass
class Chunk:
    """Some consecutive rows.

    Attributes:
        numbers: Of the readable rows, from 1; malformed ones are counted too.
        raws: Their text in the file.
        columns: The file's own column names, in its order, each with a string array as long as `numbers`; in
            a CSV a name may occur twice.
        malformed: The rows that cannot be read.
    """

    numbers: list[int] = field(default_factory=list)
    raws: list[str] = field(default_factory=list)
    columns: list[tuple[str, pa.Array]] = field(default_factory=list)
    malformed: list[Malformed] = field(default_factory=list)


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        envelope: Members beside an envelope's `data` (source, ingestion_timestamp, …): one value each.
        columns: A CSV's header; empty for JSON, whose rows name their own.
        chunks: The rows. Reading on may raise UnusableFileError.
    """

    envelope: list[tuple[str, pa.Array]]
    columns: list[str]
    chunks: Iterator[Chunk]


def read(body: IO[bytes]) -> Content:
    """Find out what a file is, and read it from its beginning.

    Args:
        body: Seekable; it is left open.

    Raises:
        UnusableFileError: empty, unreadable or wrong_shape.
    """
    with _opened(body) as text:
        start = text.peek()
        if start == "[":
            return Content([], [], _chunks(body, _array_rows, _columns_of_objects))
        if start == "<":
            raise UnusableFileError(
                "unreadable",
                f"the file looks like HTML or XML, perhaps a web server's error page: {_REMEDY}",
                sample=text.buffer[:200],
            )
        if start == "":
            raise UnusableFileError("empty", f"the file is empty: {_REMEDY}, with at least one row")
    if start == "{":
        try:
            with _opened(body) as text:
                rows, envelope = _outline(text)
        except UnusableFileError as error:
            with _opened(body) as text:
                if error.reason != "unreadable" or not _is_json_lines(text):
                    raise
            rows, envelope = _line_rows, []
        return Content(envelope, [], _chunks(body, rows, _columns_of_objects))
    with _opened(body) as text:
        header, delimiter = _csv_header(text)
    return Content(
        [],
        header,
        _chunks(
            body,
            lambda text: _csv_rows(text, len(header), delimiter),
            lambda records: _columns_of_records(records, header),
        ),
    )


# --- text ---


class _Text:
    """A file's text, decompressed and decoded, in the two ways it is read: by JSON value, or by line."""

    def __init__(self, body: IO[bytes]) -> None:
        body.seek(0)
        packed = body.read(2) == b"\x1f\x8b"
        body.seek(0)
        binary: Any = gzip.GzipFile(fileobj=body) if packed else body
        head: bytes = binary.read(200)
        for magic, name in _NO_TEXT:
            if head.startswith(magic):
                raise UnusableFileError(
                    "unreadable", f"the file looks like {name}: {_REMEDY}", sample=repr(head)
                )
        binary.seek(0)
        encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
        self._stream = io.TextIOWrapper(binary, encoding, newline="")
        self._before = 0
        self._ended = False
        self.buffer = ""
        self.at = 0
        self.rows = 0

    def detach(self) -> None:
        """Leave the file open."""
        self._stream.detach()

    def line(self) -> str:
        """The next line with its end, empty at the end of the file, cut when it is over long."""
        return self._stream.readline(MAX_CHARACTERS)

    def lines(self) -> Iterator[list[str]]:
        """All lines with their ends, but for empty ones: some at a time."""
        rest, ended = "", False
        while not ended:
            block = self._stream.read(_LINES_BLOCK)
            ended = not block
            lines = io.StringIO(rest + block, newline="").readlines()
            if lines and len(lines[0]) >= MAX_CHARACTERS:  # longer than a block: no other can be
                raise UnusableFileError(
                    "unreadable",
                    f"after {self.rows} rows comes a line of over {MAX_CHARACTERS} characters: {_REMEDY}",
                    sample=lines[0][:200],
                )
            # The last one may go on in the next block, if only with the second half of its end.
            rest = "" if ended or not lines else lines.pop()
            yield [line for line in lines if line.strip(" \r\n")]

    def peek(self) -> str:
        """The next character that is no white space, empty at the end; what is before it is consumed."""
        while True:
            self.at = _SPACE.match(self.buffer, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self._fill():
                return ""

    def take(self, wanted: str) -> str:
        """Consume the next character, which must be one of these."""
        found = self.peek()
        if not found or found not in wanted:
            self._fail(f"there is {found!r} where {' or '.join(wanted)} should be")
        self.at += 1
        return found

    def value(self) -> tuple[Any, str]:
        """Consume a JSON value; returned with its text."""
        self.peek()
        while True:
            problem = ""
            try:
                value, end = _decode(self.buffer, self.at)
            except json.JSONDecodeError as error:
                problem = error.msg
            except RecursionError:
                self._fail("it is nested too deeply")
            else:
                # A number may be cut after "1", "1." or "1e-" and go on in the next block.
                if end + 2 < len(self.buffer) or self._ended:
                    raw = self.buffer[self.at : end]
                    self.at = end
                    return value, raw
            if len(self.buffer) - self.at > MAX_CHARACTERS:
                self._fail(problem or f"a row is longer than {MAX_CHARACTERS} characters")
            if not self._fill() and problem:
                self._fail(problem)

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.peek():
            self._fail("more text follows the end of the document (JSON Lines need one row a line)")

    def _fill(self) -> bool:
        """Read on, and forget what has been consumed but for a little to show; whether there was more."""
        block = "" if self._ended else self._stream.read(_BLOCK)
        self._ended = not block
        forgotten = max(0, self.at - _SHOWN)
        self._before += forgotten
        self.buffer = self.buffer[forgotten:] + block
        self.at -= forgotten
        return not self._ended

    def _fail(self, problem: str) -> NoReturn:
        if self._ended and not self.buffer[self.at :]:
            problem = "the file ends before its last bracket"
        raise UnusableFileError(
            "unreadable",
            f"the JSON cannot be read beyond {self.rows} rows, at character {self._before + self.at + 1}: "
            f"{problem}. Mend it, or {_COMPLETE}",
            sample=self.buffer[max(0, self.at - _SHOWN) : self.at + _SHOWN],
        )


@contextmanager
def _opened(body: IO[bytes]) -> Iterator[_Text]:
    """A file's text from its beginning; whatever goes wrong below refuses the file."""
    text = None
    try:
        text = _Text(body)
        yield text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnusableFileError(
            "unreadable",
            f"the gzip file is broken after {text.rows if text else 0} rows ({error}): {_COMPLETE}",
            sample=_first_bytes(body),
        ) from error
    except UnicodeDecodeError as error:
        raise UnusableFileError(
            "unreadable",
            f"after {text.rows if text else 0} rows comes a byte 0x{error.object[error.start]:02x} that is "
            f"not {error.encoding.upper()} ({error.reason}): {_REMEDY}",
            sample=repr(error.object[max(0, error.start - 100) : error.start + 20]),
        ) from error
    except UnicodeError as error:  # UTF-16 has some of its own
        raise UnusableFileError(
            "unreadable", f"the text cannot be decoded ({error}): {_REMEDY}", sample=_first_bytes(body)
        ) from error
    finally:
        if text:
            text.detach()


def _first_bytes(body: IO[bytes]) -> str:
    body.seek(0)
    return repr(body.read(100))


# --- rows ---

# A row's text, what it holds (names and values, or a CSV's values), and what is wrong with it, if anything.
_Row = tuple[str, Any, str | None]


def _chunks(
    body: IO[bytes],
    rows_of: Callable[[_Text], Iterator[_Row]],
    columns_of: Callable[[list[Any]], list[tuple[str, pa.Array]]],
) -> Iterator[Chunk]:
    with _opened(body) as text:
        chunk, contents, characters = Chunk(), list[Any](), 0
        names: set[str] = set()

        def complete() -> Chunk:
            chunk.columns = columns_of(contents)
            names.update(name for name, _ in chunk.columns)
            _check_width(names)
            return chunk

        start = 0
        for raw, content, problem in rows_of(text):
            text.rows += 1
            if problem:
                chunk.malformed.append(Malformed(text.rows, problem, raw))
            else:
                chunk.numbers.append(text.rows)
                chunk.raws.append(raw)
                contents.append(content)
            characters += len(raw)
            if text.rows - start >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
                yield complete()
                chunk, contents, characters, start = Chunk(), [], 0, text.rows
        if contents or chunk.malformed:
            yield complete()
        if not text.rows:
            raise UnusableFileError("empty", f"the file has no row: {_REMEDY}, with at least one row")


def _check_width(names: Iterable[str]) -> None:
    """A table has to be kept from growing a column for every coin or every day."""
    if len(found := list(names)) > MAX_COLUMNS:
        raise UnusableFileError(
            "wrong_shape",
            f"the rows have over {MAX_COLUMNS} different columns: write one row a coin, with its id and "
            "price, and not a column for each",
            sample="\n".join(found[:20]),
        )


def _columns_of_objects(rows: list[dict[str, str | None]]) -> list[tuple[str, pa.Array]]:
    shapes = dict.fromkeys(map(tuple, rows))
    names = list(dict.fromkeys(name for shape in shapes for name in shape))
    _check_width(names)
    if len(shapes) == 1:
        return _columns_of_records([row.values() for row in rows], names)
    return [(name, _array([row.get(name) for row in rows])) for name in names]


def _columns_of_records(
    records: Sequence[Iterable[str | None]], header: list[str]
) -> list[tuple[str, pa.Array]]:
    columns: Iterable[Any] = zip(*records, strict=True) if records else [[]] * len(header)
    return [(name, _array(list(column))) for name, column in zip(header, columns, strict=True)]


def _array(values: list[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # JSON can escape half a character, which UTF-8 cannot write
        whole = (
            value and value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for value in values
        )
        return pa.array(whole, pa.string())


# --- JSON ---


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


# NaN is what pandas writes for a missing value; an infinity is a number that nobody can use.
_CONSTANTS = {"Infinity": "Infinity", "-Infinity": "-Infinity"}
_decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_CONSTANTS.get)
_decode = _decoder.raw_decode
# The same in C alone; says less about what is wrong.
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]
_UNREADABLE = (StopIteration, ValueError, RecursionError)
# For what becomes JSON again, and must keep 1 and "1" apart; half as fast.
_decode_nested = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=lambda _: None
).decode


def _elements(text: _Text) -> Iterator[tuple[Any, str]]:
    """The elements of an array, each with its text."""
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        yield from _plain_elements(text)
        yield text.value()
        if text.take(",]") == "]":
            return


def _plain_elements(text: _Text) -> Iterator[tuple[Any, str]]:
    """As many elements as are in the buffer with the comma after them, and at most a space between: most."""
    while True:
        buffer, at = text.buffer, text.at
        at += buffer.startswith(" ", at)
        try:
            value, end = _scan(buffer, at)
        except _UNREADABLE:
            return
        if not buffer.startswith(",", end):
            return
        text.at = end + 1
        yield value, buffer[at:end]


def _members(text: _Text) -> Iterator[str]:
    """The names of an object's members; whoever iterates consumes each value before going on."""
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    while True:
        text.take('"')
        text.at -= 1
        name, _ = text.value()
        text.take(":")
        yield name
        if text.take(",}") == "}":
            return


def _outline(text: _Text) -> tuple[Callable[[_Text], Iterator[_Row]], list[tuple[str, pa.Array]]]:
    """Tell what the one object of a document is.

    Returns:
        How to read its rows, and the text members beside an envelope's data.

    Raises:
        UnusableFileError: it is an API's error, or empty.
    """
    envelope: list[tuple[str, pa.Array]] = []
    candidates: dict[str, Any] = {}
    enveloped, elements = False, 0
    kinds: set[type] = set()
    for name in _members(text):
        if name == "data" and text.peek() == "[":
            enveloped = True
            for _ in _elements(text):
                elements += 1
                text.rows = elements
            continue
        value, _ = text.value()
        kinds.add(type(value))
        text.rows += isinstance(value, dict)
        if name in ("error", "status"):
            candidates[name] = value
        if isinstance(value, str) and len(envelope) < MAX_COLUMNS:
            envelope.append((name, _array([value])))
    text.end()
    if not elements and (error := _api_error(**candidates)):
        raise UnusableFileError(
            "wrong_shape",
            f"the file is no price list but an API's error: {error}. Fetch the prices again, then drop them",
            sample=error,
        )
    if enveloped:
        return _envelope_rows, envelope
    if not kinds:
        raise UnusableFileError(
            "empty", f"the file has no row: {_REMEDY}, with at least one row", sample="{}"
        )
    if dict in kinds and kinds <= {dict, type(None)}:
        return _coin_rows, []
    return _single_row, []


def _api_error(error: Any = None, status: Any = None) -> str:
    """CoinGecko's own message, from any of the shapes it comes in; empty if it is none."""
    if isinstance(error, str) and error != "0":
        return error
    if isinstance(error, dict):
        status = error.get("status", error)
    if not isinstance(status, dict):  # a coin may be called "status"
        return ""
    code = status.get("error_code") or status.get("code")
    message = status.get("error_message") or status.get("message")
    return " ".join(str(part) for part in (code, message) if part and part != "0").rstrip(". ")


def _array_rows(text: _Text) -> Iterator[_Row]:
    for value, raw in _elements(text):
        yield _row(value, raw)
    text.end()


def _envelope_rows(text: _Text) -> Iterator[_Row]:
    for name in _members(text):
        if name == "data" and text.peek() == "[":
            for value, raw in _elements(text):
                yield _row(value, raw)
        else:
            text.value()


def _coin_rows(text: _Text) -> Iterator[_Row]:
    """The rows of a /simple/price answer, whose members are named by the coins' ids."""
    for coin_id in _members(text):
        value, raw = text.value()
        _, row, problem = _row(value, raw)
        named = f"{{{json.dumps(coin_id)}: {raw}}}"
        yield named, None if problem else {"id": coin_id, **row, "id": coin_id}, problem  # noqa: F601


def _single_row(text: _Text) -> Iterator[_Row]:
    yield _row(*text.value())


def _is_json_lines(text: _Text) -> bool:
    """Whether a file that begins with { has a row a line, and more than one."""
    first = second = ""
    while (line := text.line()) and not second:
        if line.strip():
            first, second = (first, line) if first else (line, "")
    # The first line may be broken: then it is the second that tells.
    return bool(second) and (_is_object(first) or (second[0] == "{" and _is_object(second)))


def _is_object(line: str) -> bool:
    try:
        value, end = _decode(line.strip())
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and end == len(line.strip())


def _line_rows(text: _Text) -> Iterator[_Row]:
    for line in chain.from_iterable(text.lines()):
        raw = line.strip()
        try:
            value, end = _scan(raw, 0)
        except _UNREADABLE:
            end = -1
        if end == len(raw):
            yield _row(value, raw)
            continue
        try:
            value, end = _decode(raw)
        except json.JSONDecodeError as error:
            yield raw, None, f"broken JSON at character {error.pos + 1} of the line: {error.msg}"
        except RecursionError:
            yield raw, None, "nested too deeply"
        else:
            if end < len(raw):
                yield raw, None, f"more text follows the JSON value at character {end + 1} of the line"
            else:
                yield _row(value, raw)


def _row(value: Any, raw: str) -> _Row:
    """A row from a JSON value: all its values as text."""
    if not isinstance(value, dict):
        return raw, None, "no JSON object"
    if not _TEXT_OR_NULL.issuperset(map(type, value.values())):
        if not _is_shallow(value, MAX_DEPTH):
            return raw, None, f"nested deeper than {MAX_DEPTH} levels"
        for name, cell in _decode_nested(raw).items():
            if not isinstance(cell, str | None):
                value[name] = _json(cell)
    return raw, value, None


_TEXT_OR_NULL = frozenset({str, type(None)})


def _is_shallow(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_is_shallow(element, depth - 1) for element in inner)


def _json(value: Any) -> str:
    """JSON text, with numbers as they were written."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_json(name)}: {_json(inner)}' for name, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, _Number):
        return value
    return json.dumps(value, ensure_ascii=False)


# --- CSV ---


def _csv_header(text: _Text) -> tuple[list[str], str]:
    """The names in the first line, and the delimiter between them."""
    line = next(chain.from_iterable(text.lines()), "")
    if _CONTROL.search(line):
        raise UnusableFileError(
            "unreadable", f"the file is binary, of a kind not known here: {_REMEDY}", sample=repr(line[:200])
        )
    unquoted = re.sub('"[^"]*"', "", line)
    delimiter = max(",;\t|", key=unquoted.count)
    return _cells(line.rstrip("\r\n"), delimiter) or [line], delimiter


def _csv_rows(text: _Text, width: int, delimiter: str) -> Iterator[_Row]:
    blocks = text.lines()
    lines: deque[str] = deque()

    def read_on() -> bool:
        block = next(blocks, None)
        lines.extend(block or ())
        return block is not None

    while not lines and read_on():  # before the header
        pass
    lines.popleft()
    while lines or read_on():
        raws = [line.rstrip("\r\n") for line in lines]
        if records := _records(raws, delimiter):
            lines.clear()
            if set(map(len, records)) == {width}:
                yield from zip(raws, records, repeat(None))
            else:
                yield from (_fitted(*row, width) for row in zip(raws, records, strict=True))
        while lines:
            line = lines.popleft()
            raw = line.rstrip("\r\n")
            cells = _cells(raw, delimiter)
            if cells is None:
                while len(lines) < MAX_LINES_OF_A_RECORD and read_on():
                    pass
                ahead = islice(lines, MAX_LINES_OF_A_RECORD)
                cells, raw, used = _joined(line, ahead, width, delimiter)
                for _ in range(used):
                    lines.popleft()
            yield _fitted(raw, cells, width)


def _records(raws: list[str], delimiter: str) -> list[list[str]] | None:
    """The values of lines that are a record each, all at once; None if one needs a closer look."""
    if not any('"' in raw for raw in raws):
        return [raw.split(delimiter) for raw in raws]
    try:
        records = list(csv.reader(raws, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records if len(records) == len(raws) else None


def _fitted(raw: str, cells: list[str] | None, width: int) -> _Row:
    """A row from a record, if it is one and has the header's width but for empty values at its end."""
    if cells is None:
        return raw, None, "a quote is opened and never closed"
    if len(cells) != width and (len(cells) < width or any(cells[width:])):
        return raw, None, f"{len(cells)} fields, but the header has {width}"
    return raw, cells[:width], None


def _joined(line: str, ahead: Iterable[str], width: int, delimiter: str) -> tuple[list[str] | None, str, int]:
    """Close a record's quote in the lines that follow.

    Returns:
        The record (None if that makes no whole record), its text, and how many of the lines it took.
    """
    record = line
    for used, following in enumerate(ahead, 1):
        record += following
        if len(record) > MAX_FIELD:
            break
        # Strictly: a quote in the middle of a later field would make one row of several.
        if (cells := _strict_cells(record.rstrip("\r\n"), delimiter)) is not None:
            if len(cells) == width:
                return cells, record.rstrip("\r\n"), used
            break
    return None, line.rstrip("\r\n"), 0


def _cells(record: str, delimiter: str) -> list[str] | None:
    """A record's values, none at all if it cannot be read, None if a quote is still open at its end."""
    if '"' not in record:
        return record.split(delimiter)
    cells = _strict_cells(record, delimiter)
    if cells == []:  # perhaps 5" in the middle of a field
        with suppress(csv.Error):
            return next(csv.reader([record], delimiter=delimiter))
    return cells


def _strict_cells(record: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return None if "unexpected end" in str(error) else []
