"""Functions of text."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
import zlib
from collections.abc import Callable
from hashlib import sha512
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

from laptop.aws.athena.embedded.python.failures import FunctionError, UnknownAnswerError


def _upper(value: str) -> str:
    """Java maps each code point by itself: `ß` stays."""
    return "".join(raised if len(raised := character.upper()) == 1 else character for character in value)


def _lower(value: str) -> str:
    return "".join(character.lower()[0] for character in value)


def _translate(value: str, source: str, target: str) -> str:
    table: dict[int, str | None] = {}
    for place, character in enumerate(source):
        table.setdefault(ord(character), target[place] if place < len(target) else None)
    return value.translate(table)


def _strpos(value: str, part: str, instance: int) -> int:
    if instance == 0:
        raise FunctionError("'instance' must be a positive or negative number.")
    if not part:
        return 1
    place = -1 if instance > 0 else len(value)
    for _ in range(abs(instance)):
        if instance > 0:
            place = value.find(part, place + 1)
        else:
            place = value.rfind(part, 0, max(place, 0) + len(part) - 1) if place > 0 else -1
        if place < 0:
            return 0
    return place + 1


def _levenshtein_distance(one: str, other: str) -> int:
    above = list(range(len(other) + 1))
    for row, character in enumerate(one, 1):
        costs = [row]
        for column, wanted in enumerate(other, 1):
            replaced = above[column - 1] + (character != wanted)
            costs.append(min(replaced, above[column] + 1, costs[-1] + 1))
        above = costs
    return above[-1]


def _hamming_distance(one: str, other: str) -> int:
    if len(one) != len(other):
        raise FunctionError("The input strings to hamming_distance function must have the same length")
    return sum(a != b for a, b in zip(one, other, strict=True))


_SOUNDEX = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))


def _soundex(value: str) -> str:
    """As Apache Commons Codec's: H and W do not part equal letters."""
    letters = list("".join(character for character in value if character.isalpha()).upper())
    for letter in letters:
        if letter not in _SOUNDEX:
            raise FunctionError(f"The character is not mapped: {letter} (index={ord(letter) - ord('A')})")
    code, last = letters[:1], _SOUNDEX[letters[0]] if letters else ""
    for letter in letters[1:]:
        if letter in "HW":
            continue
        digit = _SOUNDEX[letter]
        if digit not in ("0", last):
            code.append(digit)
        last = digit
    return "".join(code[:4]).ljust(4, "0") if code else ""


def _luhn_check(value: str) -> bool:
    if not re.fullmatch("[0-9]*", value):
        raise FunctionError("Input contains non-digit character")
    digits = [int(digit) for digit in reversed(value)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return bool(digits) and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _from_utf8(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise UnknownAnswerError("from_utf8 of bytes that are not UTF-8") from None


def _normalize(value: str, form: str) -> str:
    return unicodedata.normalize(form, value)  # type: ignore[arg-type]


def _split(value: str, delimiter: str, limit: int = 2**31) -> list[str]:
    if limit <= 0:
        raise FunctionError("Limit must be positive")
    if not delimiter:
        raise FunctionError("The delimiter may not be the empty string")
    return value.split(delimiter, limit - 1)


def _entries(value: str, entry_delimiter: str, key_delimiter: str) -> list[list[str]]:
    for name, delimiter in (("entryDelimiter", entry_delimiter), ("keyValueDelimiter", key_delimiter)):
        if not delimiter:
            raise FunctionError(f"{name} is empty")
    if entry_delimiter == key_delimiter:
        raise FunctionError("entryDelimiter and keyValueDelimiter must not be the same")
    entries = value.split(entry_delimiter) if value else []
    if entries and not entries[-1]:
        entries.pop()
    for entry in entries:
        if entry.count(key_delimiter) != 1:
            raise FunctionError(
                f"Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'"
            )
    return [entry.split(key_delimiter) for entry in entries]


def _split_to_map(value: str, entry_delimiter: str, key_delimiter: str) -> dict[str, str]:
    made: dict[str, str] = {}
    for name, item in _entries(value, entry_delimiter, key_delimiter):
        if name in made:
            raise FunctionError(f"Duplicate keys ({name}) are not allowed")
        made[name] = item
    return made


# URLs: java.net.URI knows many more forms; these are plain ones.
_URL = re.compile(
    r"(?P<protocol>[A-Za-z][A-Za-z0-9+.-]*)://(?:[\w.!$&'()*+,;=:-]*@)?"
    r"(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[\w.~!$&'()*+,;=:@/%-]*)?)"
    r"(?:\?(?P<query>[\w.~!$&'()*+,;=:@/?%-]*))?(?:\#(?P<fragment>[\w.~!$&'()*+,;=:@/?%-]*))?",
    re.ASCII,
)
_NEVER_IN_URL = re.compile(r'[\x00-\x20"<>\\^`{|}]')


def _url(value: str, part: str) -> str | None:
    """A part of a URL; None if it is none."""
    if _NEVER_IN_URL.search(value) or re.search(r"%(?![0-9A-Fa-f]{2})", value):
        return None
    found = _URL.fullmatch(value)
    if found is None:
        raise UnknownAnswerError(f"a part of the URL {value!r}")
    return found[part] or ""


def _decoded(value: str | None) -> str | None:
    return None if value is None else unquote_to_bytes(value).decode(errors="replace")


def _url_extract_port(value: str) -> int | None:
    port = _url(value, "port")
    return int(port) if port else None


def _url_extract_parameter(value: str, name: str) -> str | None:
    query = _url(value, "query")
    for parameter in (query or "").split("&") if query else []:
        key, _, item = parameter.partition("=")
        if "%" in key or re.search(r"%(26|3[dD])", item) or "=" in item:
            raise UnknownAnswerError(f"a parameter of the URL {value!r}")
        if key == name:
            return _decoded(item)
    return None


def _url_encode(value: str) -> str:
    return quote_plus(value, safe="*").replace("~", "%7E")


def _url_decode(value: str) -> str:
    if re.search(r"%[0-9A-Fa-f]?$", value):
        raise FunctionError("URLDecoder: Incomplete trailing escape (%) pattern")
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise FunctionError("URLDecoder: Illegal hex characters in escape (%) pattern")
    found = _decoded(value.replace("+", " ")) or ""
    if "\ufffd" in found:
        raise UnknownAnswerError("url_decode of bytes that are not UTF-8")
    return found


def _from_base64(value: str, altchars: bytes = b"+/") -> bytes:
    try:
        return base64.b64decode(value, altchars, validate=True)
    except (binascii.Error, ValueError) as error:
        if re.fullmatch(r"[\w+/-]*", value, re.ASCII):  # Java does not ask for the padding
            raise UnknownAnswerError("such base64") from None
        raise FunctionError(str(error)) from None


def _from_hex(value: str) -> bytes:
    if len(value) % 2 or not re.fullmatch("[0-9A-Fa-f]*", value):
        raise FunctionError(f"not hexadecimal digits: {value}")
    return bytes.fromhex(value)


def _grouped(digits: str, flags: str) -> str:
    whole, point, rest = digits.partition(".")
    return f"{int(whole):,}{point}{rest}" if "," in flags else digits


def _padded(text: str, flags: str, width: str) -> str:
    if not width:
        return text
    if "0" in flags:
        sign = text[:1] if text[:1] in "+-" else ""
        return sign + text[len(sign) :].rjust(int(width) - len(sign), "0")
    return text.ljust(int(width)) if "-" in flags else text.rjust(int(width))


def _format_text(value: str, flags: str, width: str) -> str:
    return _padded(value, flags, width)


def _format_number(value: str, flags: str, width: str, base: str) -> str:
    """A number's decimal digits as Java's Formatter shows them: `%,d`, `%05d`, `%x`."""
    minus = value.startswith("-")
    digits = value.removeprefix("-")
    if not digits[:1].isdigit():  # NaN, Infinity
        if "0" in flags or "+" in flags:
            raise UnknownAnswerError(f"format of {value}")
        return _padded(value, flags, width)
    if base != "d":
        if minus:
            raise UnknownAnswerError("format of a negative number to another base")
        return _padded(format(int(digits), base), flags, width)
    sign = "-" if minus else "+" if "+" in flags else ""
    return _padded(sign + _grouped(digits, flags), flags, width)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "crc32": lambda value: zlib.crc32(value),
    "format_number": _format_number,
    "format_text": _format_text,
    "from_base64": _from_base64,
    "from_base64url": lambda value: _from_base64(value, b"-_"),
    "from_hex": _from_hex,
    "from_utf8": _from_utf8,
    "hamming_distance": _hamming_distance,
    "levenshtein_distance": _levenshtein_distance,
    "lower": _lower,
    "luhn_check": _luhn_check,
    "normalize": _normalize,
    "reverse": lambda value: value[::-1],
    "sha512": lambda value: sha512(value).digest(),
    "soundex": _soundex,
    "split": _split,
    "split_to_map": _split_to_map,
    "strpos": _strpos,
    "to_base32": lambda value: base64.b32encode(value).decode(),
    "to_base64url": lambda value: base64.urlsafe_b64encode(value).decode(),
    "to_big_endian_32": lambda value: value.to_bytes(4, "big", signed=True),
    "to_big_endian_64": lambda value: value.to_bytes(8, "big", signed=True),
    "translate": _translate,
    "upper": _upper,
    "url_decode": _url_decode,
    "url_encode": _url_encode,
    "url_extract_fragment": lambda value: _decoded(_url(value, "fragment")),
    "url_extract_host": lambda value: _url(value, "host"),
    "url_extract_parameter": _url_extract_parameter,
    "url_extract_path": lambda value: _decoded(_url(value, "path")),
    "url_extract_port": _url_extract_port,
    "url_extract_protocol": lambda value: _url(value, "protocol"),
    "url_extract_query": lambda value: _decoded(_url(value, "query")),
}
