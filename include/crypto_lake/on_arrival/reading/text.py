"""A file's text: unpacked, decoded, and read by JSON value or by line."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NoReturn

from include.crypto_lake.on_arrival.refusals import UnusableFileError

# Of one row. What is longer is not a price.
MAX_CHARACTERS = 4_000_000
# Five times the benchmark's million rows. A few kilobytes of gzip can hold more than any disk.
MAX_BYTES = 1_000_000_000

BLOCK = 1 << 20
# Small: what has been read before a file breaks off is counted.
LINES_BLOCK = 1 << 13
SHOWN = 100  # characters before and after the place where a file breaks
REMEDY = "drop JSON, JSON Lines or CSV in UTF-8, plain or gzipped"
COMPLETE = "drop the whole file again, complete"

_NO_TEXT = (
    (b"PAR1", "Parquet"),
    (b"PK\x03\x04", "a zip archive or an Excel sheet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel sheet"),
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
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What spreadsheets write when they do not write Unicode. In all of them digits and delimiters are ASCII's.
_CODE_PAGES = ["cp1252", "cp1250", "cp1251", "mac_roman", "cp932", "gb18030", "big5", "cp949"]
_SAMPLE = 1 << 16
_SPACE = re.compile(r"[ \t\n\r]*")


class Text:
    """A file's text, in the two ways it is read: by JSON value, or by line.

    Attributes:
        rows: How many rows have been read; whoever reads them counts.
    """

    def __init__(self, body: IO[bytes], encoding: str) -> None:
        self._stream = io.TextIOWrapper(unpacked(body), encoding, newline="")
        self._before = 0
        self._ended = False
        self.buffer = ""
        self.at = 0
        self.rows = 0

    def detach(self) -> None:
        """Leave the file open."""
        self._stream.detach()

    def head(self, length: int) -> str:
        """The next characters; nothing else can be read after that."""
        return self._stream.read(length)

    def line(self) -> str:
        """The next line with its end, empty at the end of the file, cut when it is over long."""
        return self._stream.readline(MAX_CHARACTERS)

    def lines(self, skip: int = 0) -> Iterator[list[str]]:
        """All lines with their ends, but for empty ones and the first `skip`: some at a time."""
        rest, ended = "", False
        while not ended:
            block = self._stream.read(LINES_BLOCK)
            ended = not block
            lines = io.StringIO(rest + block, newline="").readlines()
            if lines and len(lines[0]) >= MAX_CHARACTERS:  # longer than a block: no other can be
                raise UnusableFileError(
                    "unreadable",
                    f"after {self.rows} rows comes a line of over {MAX_CHARACTERS} characters: {REMEDY}",
                    sample=lines[0][:200],
                )
            # The last one may go on in the next block, if only with the second half of its end.
            rest = "" if ended or not lines else lines.pop()
            skipped = min(skip, len(lines))
            skip -= skipped
            yield [line for line in lines[skipped:] if line.strip(" \r\n")]

    def peek(self) -> str:
        """The next character that is no white space, empty at the end; what is before it is consumed."""
        while True:
            self.at = _SPACE.match(self.buffer, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.fill():
                return ""

    def take(self, wanted: str) -> str:
        """Consume the next character, which must be one of these."""
        found = self.peek()
        if not found or found not in wanted:
            self.fail(f"there is {found!r} where {' or '.join(wanted)} should be")
        self.at += 1
        return found

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.peek():
            self.fail("more text follows the end of the document (JSON Lines need one row a line)")

    @property
    def is_at_end(self) -> bool:
        """Whether the buffer holds all that is left."""
        return self._ended

    def fill(self) -> bool:
        """Read on, and forget what has been consumed but for a little to show; whether there was more."""
        block = "" if self._ended else self._stream.read(BLOCK)
        self._ended = not block
        forgotten = max(0, self.at - SHOWN)
        self._before += forgotten
        self.buffer = self.buffer[forgotten:] + block
        self.at -= forgotten
        return not self._ended

    def fail(self, problem: str) -> NoReturn:
        """Refuse the file for what is wrong here."""
        if self._ended and not self.buffer[self.at :]:
            problem = "the file ends before its last bracket"
        raise UnusableFileError(
            "unreadable",
            f"the JSON cannot be read beyond {self.rows} rows, at character {self._before + self.at + 1}: "
            f"{problem}. Correct it, or {COMPLETE}",
            sample=self.buffer[max(0, self.at - SHOWN) : self.at + SHOWN],
        )


@contextmanager
def opened(body: IO[bytes], encoding: str) -> Iterator[Text]:
    """A file's text from its beginning; whatever goes wrong below refuses the file."""
    text = Text(body, encoding)
    try:
        with _unpacking(body, text):
            yield text
    finally:
        text.detach()


def encoding_of(body: IO[bytes]) -> str:
    """How a file's text is encoded, from all of it: UTF-8 if it is that, else what its bytes suggest.

    Args:
        body: Seekable; it is left open.

    Raises:
        UnusableFileError: it is no text, it is broken, or it is too large.
    """
    with _unpacking(body):
        stream = unpacked(body)
        head = stream.read(200)
        for magic, name in _NO_TEXT:
            if head.startswith(magic):
                raise UnusableFileError(
                    "unreadable", f"the file looks like {name}: {REMEDY}", sample=repr(head)
                )
        for mark, encoding in _BYTE_ORDER_MARKS:
            if head.startswith(mark):
                _check_size(stream, len(head))
                return encoding
        # ASCII has a NUL for every second byte in UTF-16, whose byte-order mark may be missing.
        for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            nulls = head[first::2].count(0)
            if len(head) > 3 and nulls * 10 > len(head) * 3 and all(head[1 - first :: 2]):
                _check_size(stream, len(head))
                return encoding
        return _of_bytes(stream, head)


def _check_size(stream: Any, size: int) -> None:
    while block := stream.read(BLOCK):
        size += len(block)
        _refuse_beyond(size)


def _refuse_beyond(size: int) -> None:
    if size > MAX_BYTES:
        raise UnusableFileError(
            "too_large",
            f"the file has over {MAX_BYTES:,} bytes when it is unpacked: split it into several files",
        )


def _of_bytes(stream: Any, block: bytes) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, size, sample = True, 0, b""
    while block:
        size += len(block)
        _refuse_beyond(size)
        if is_utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
        if len(sample) < _SAMPLE and not block.isascii():
            sample += block[: _SAMPLE // 2] if size == len(block) else _around_first_foreign(block)
        block = stream.read(BLOCK)
    if is_utf8:
        with_rest = True
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            with_rest = False
        if with_rest:
            return "utf-8-sig"
    from charset_normalizer import from_bytes  # costs 30 ms, which most files need not pay

    if b"\x00" not in sample and (best := from_bytes(sample, cp_isolation=_CODE_PAGES).best()):
        return str(best.encoding)
    return "utf-8-sig"  # and let it be refused where it breaks


def _around_first_foreign(block: bytes) -> bytes:
    at = next(at for at, byte in enumerate(block) if byte > 127)
    return block[max(0, at - 2_000) : at + 2_000]


def unpacked(body: IO[bytes]) -> Any:
    """A file's bytes from its beginning, decompressed if they are gzip."""
    body.seek(0)
    packed = body.read(2) == b"\x1f\x8b"
    body.seek(0)
    return gzip.GzipFile(fileobj=body) if packed else body


@contextmanager
def _unpacking(body: IO[bytes], text: Text | None = None) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnusableFileError(
            "unreadable",
            f"the gzip file is broken after {text.rows if text else 0} rows ({error}): {COMPLETE}",
            sample=_first_bytes(body),
        ) from error
    except UnicodeDecodeError as error:
        raise UnusableFileError(
            "unreadable",
            f"after {text.rows if text else 0} rows comes a byte 0x{error.object[error.start]:02x} that is "
            f"not {error.encoding.upper()} ({error.reason}): {REMEDY}",
            sample=repr(error.object[max(0, error.start - 100) : error.start + 20]),
        ) from error
    except UnicodeError as error:  # UTF-16 has some of its own
        raise UnusableFileError(
            "unreadable", f"the text cannot be decoded ({error}): {REMEDY}", sample=_first_bytes(body)
        ) from error


def _first_bytes(body: IO[bytes]) -> str:
    body.seek(0)
    return repr(body.read(100))
