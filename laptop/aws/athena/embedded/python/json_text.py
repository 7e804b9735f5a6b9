"""JSON as Trino keeps it: text, with the names of `json_parse` sorted and its numbers as Java prints them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from laptop.aws.athena.embedded.python.failures import FunctionError, UnknownAnswerError
from laptop.aws.athena.results import java_double, scientific_double
from laptop.aws.athena.types import Type, trino_type

_SIZES = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_NAMES = {"integer": "INT"}


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


class _Object(list[tuple[str, Any]]):
    """An object's members, in their order, with those of the same name."""

    __slots__ = ()


def _constant(name: str) -> Any:
    raise ValueError(name)


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_constant, object_pairs_hook=_Object
)


def _read(text: str) -> Any:
    """A document; raises `ValueError`."""
    found = _DECODER.decode(text.strip(" \t\r\n"))
    if re.search(r"\\u[dD][89a-fA-F]", text):
        raise UnknownAnswerError("JSON with escaped surrogates")
    return found


def _number(written: str) -> str:
    """A number as Jackson writes it after it was read: an integer, or a double."""
    if re.fullmatch("-?[0-9]+", written):
        return str(int(written))
    value = float(written)
    if value in (float("inf"), float("-inf")):
        raise UnknownAnswerError(f"the JSON number {written}")
    return java_double(value)


def _text(value: str) -> str:
    """A string in quotes: beyond the BMP it is escaped, and nothing else that need not be."""
    quoted = json.dumps(value, ensure_ascii=False).replace("\x7f", "\x7f")
    escaped = re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), quoted)
    return re.sub(
        "[\U00010000-\U0010ffff]",
        lambda found: "".join(f"\\u{half:04X}" for half in _halves(ord(found[0]))),
        escaped,
    )


def _halves(code: int) -> tuple[int, int]:
    return 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF)


def _written(value: Any, *, is_sorted: bool = False) -> str:
    if isinstance(value, _Object):
        members: Any = dict(value) if is_sorted else value
        pairs = sorted(members.items(), key=lambda pair: pair[0].encode("utf-16-be")) if is_sorted else value
        return f"{{{','.join(f'{_text(n)}:{_written(v, is_sorted=is_sorted)}' for n, v in pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(_written(item, is_sorted=is_sorted) for item in value)}]"
    if isinstance(value, _Number):
        return _number(value)
    if isinstance(value, str):
        return _text(value)
    return {None: "null", True: "true", False: "false"}[value]


def json_parse(text: str) -> str:
    """A document as a value of the type json."""
    try:
        return _written(_read(text), is_sorted=True)
    except (ValueError, RecursionError):
        raise FunctionError(f"Cannot convert value to JSON: '{text}'") from None


_STEP = re.compile(r"""\.([^\W\d]\w*)|\[(\d+)\]|\["([^"\\]*)"\]""")


@lru_cache(maxsize=256)
def _path(text: str) -> tuple[str | int, ...]:
    if not text.startswith("$"):
        raise FunctionError(f"Invalid JSON path: '{text}'")
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if not found:
            if re.search(r"\.\.|\.$|\[\*\]|\['|\.[\w]*-", text):
                raise FunctionError(f"Invalid JSON path: '{text}'")
            raise UnknownAnswerError(f"the JSON path {text!r}")
        steps.append(int(found[2]) if found[2] else found[1] or found[3])
        at = found.end()
    return tuple(steps)


_MISSING = object()


def _document(text: str) -> Any:
    """A document, or nothing if it cannot be one from its first character on."""
    try:
        return _read(text)
    except (ValueError, RecursionError):
        if not re.match(r'\s*([{\["0-9-]|true|false|null)', text):
            return _MISSING
        raise UnknownAnswerError("a part of text that is not whole JSON") from None


def _found(text: str, path: str) -> Any:
    steps = _path(path)
    value = _document(text)
    for step in steps:
        if isinstance(value, _Object) and isinstance(step, str):
            matches = [item for name, item in value if name == step]
            if len(matches) > 1:
                raise UnknownAnswerError(f"one of several members {step!r} of a JSON object")
            value = matches[0] if matches else _MISSING
        elif isinstance(value, list) and not isinstance(value, _Object) and isinstance(step, int):
            value = value[step] if step < len(value) else _MISSING
        elif isinstance(value, list):
            raise UnknownAnswerError(f"the JSON path {path!r} on such a value")
        else:
            return _MISSING
    return value


def _json_extract(text: str, path: str) -> str | None:
    value = _found(text, path)
    return None if value is _MISSING else _written(value)


def _json_extract_scalar(text: str, path: str) -> str | None:
    value = _found(text, path)
    if value is _MISSING or value is None or isinstance(value, list):
        return None
    return str(value) if isinstance(value, str) else _written(value)


def _json_size(text: str, path: str) -> int | None:
    value = _found(text, path)
    if value is _MISSING:
        return None
    return len(value) if isinstance(value, list) else 0


def _array(text: str) -> list[Any] | None:
    value = _document(text)
    return value if isinstance(value, list) and not isinstance(value, _Object) else None


def _json_array_length(text: str) -> int | None:
    values = _array(text)
    return None if values is None else len(values)


def _json_array_get(text: str, index: int) -> str | None:
    values = _array(text)
    if values is None or not -len(values) <= index < len(values):
        return None
    value = values[index]
    return None if value is None else str(value) if isinstance(value, str) else _written(value)


def _json_array_contains(text: str, wanted: Any) -> bool | None:
    values = _array(text)
    if values is None:
        return None
    if isinstance(wanted, bool | str):
        return any(type(v) is type(wanted) and v == wanted for v in values)
    numbers = [v for v in values if isinstance(v, _Number)]
    if isinstance(wanted, float):
        return any(not re.fullmatch("-?[0-9]+", v) and float(v) == wanted for v in numbers)
    return any(re.fullmatch("-?[0-9]+", v) and int(v) == wanted for v in numbers)


def _is_json_scalar(text: str) -> bool:
    try:
        value = _read(text)
    except (ValueError, RecursionError):
        raise FunctionError(f"Invalid JSON value: {text}") from None
    return not isinstance(value, list)


def _to_json(value: Any, kind: str) -> str | None:
    return None if value is None else _made(value, trino_type(kind))


def _made(value: Any, kind: Type) -> str:
    """CAST to JSON."""
    if value is None:
        return "null"
    if kind.name in ("json", "boolean", "tinyint", "smallint", "integer", "bigint"):
        return str(value) if kind.name == "json" else json.dumps(value)
    if kind.name == "double":
        shown = java_double(value)
        return shown if value == value and abs(value) != float("inf") else f'"{shown}"'
    if kind.name == "decimal":
        return format(value, "f")
    if kind.name == "array":
        return f"[{','.join(_made(item, kind.args[0]) for item in value)}]"
    if kind.name == "map":
        names = {_key(name): _made(item, kind.args[1]) for name, item in value.items()}
        pairs = sorted(names.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return f"{{{','.join(f'{_text(name)}:{item}' for name, item in pairs)}}}"
    if kind.name == "row":
        fields = zip(kind.args, value.values(), strict=True)
        return f"{{{','.join(f'{_text(n or chr(0)[:0])}:{_made(v, part)}' for (n, part), v in fields)}}}"
    if kind.name == "date":
        return _text(value.isoformat())
    if kind.name == "timestamp" and kind.args[0] in (0, 3):
        seconds = value.strftime("%Y-%m-%d %H:%M:%S")
        return _text(seconds if kind.args[0] == 0 else f"{seconds}.{value.microsecond // 1000:03}")
    return _text(value)


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _from_json(text: str, kind: str) -> Any:
    return _cast(_read(text), trino_type(kind), text)


def _cast(value: Any, kind: Type, text: str) -> Any:
    """CAST from JSON."""
    if kind.name == "json":
        return _written(value)
    if value is None:
        return None
    wrong = FunctionError(f"Cannot cast '{text}' to {kind}", "INVALID_CAST_ARGUMENT")
    is_object = isinstance(value, _Object)
    if kind.name == "array":
        if is_object or not isinstance(value, list):
            raise wrong
        return [_cast(item, kind.args[0], text) for item in value]
    if kind.name == "map":
        if not is_object:
            raise wrong
        names = [
            _cast(_Number(n) if kind.args[0].name in _SIZES else n, kind.args[0], text) for n, _ in value
        ]
        if len(set(names)) < len(names):
            raise FunctionError("duplicate keys", "INVALID_CAST_ARGUMENT")
        return dict(zip(names, (_cast(item, kind.args[1], text) for _, item in value), strict=True))
    if kind.name == "row":
        parts = dict(value) if is_object else value
        if is_object:
            items = [parts.get(name) for name, _ in kind.args]
            if any(name is None or name != name.lower() for name in (*dict(kind.args), *parts)):
                raise UnknownAnswerError("CAST of such JSON to a row")
        elif isinstance(value, list):
            if len(value) != len(kind.args):
                raise wrong
            items = value
        else:
            raise wrong
        cast = (_cast(item, part, text) for item, (_, part) in zip(items, kind.args, strict=True))
        return {f"f{place}": item for place, item in enumerate(cast)}
    if isinstance(value, list):
        raise wrong
    return _scalar(value, kind, wrong)


def _scalar(value: Any, kind: Type, wrong: FunctionError) -> Any:
    number = isinstance(value, _Number)
    is_integer = number and re.fullmatch("-?[0-9]+", value) is not None
    if kind.name == "varchar" and not kind.args:
        if number:
            return str(int(value)) if is_integer else scientific_double(float(value))
        return value if isinstance(value, str) else "true" if value else "false"
    if kind.name in _SIZES:
        if isinstance(value, bool):
            return int(value)
        if not number and not re.fullmatch("[+-]?[0-9]+", value):
            raise wrong
        if number and not is_integer and abs(float(value)) >= 2**52:
            raise UnknownAnswerError("CAST of such JSON to an integer")
        whole = Decimal(repr(float(value))) if number and not is_integer else Decimal(value)
        rounded = int(whole.quantize(Decimal(1), ROUND_HALF_UP)) if whole % 1 else int(whole)
        if whole < 0 and whole % 1 and whole % 1 == Decimal("-0.5"):
            raise UnknownAnswerError("CAST of such JSON to an integer")
        if not -(2 ** (_SIZES[kind.name] - 1)) <= rounded < 2 ** (_SIZES[kind.name] - 1):
            raise wrong
        return rounded
    if kind.name == "double":
        if isinstance(value, bool):
            return float(value)
        if not number and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|NaN|-?Infinity", value):
            raise wrong
        return float(value)
    if kind.name == "boolean":
        if isinstance(value, bool):
            return value
        if number:
            return float(value) != 0
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        if value.lower() in ("t", "f", "1", "0"):
            raise UnknownAnswerError("CAST of such JSON to boolean")
        raise wrong
    raise UnknownAnswerError(f"CAST from JSON to {kind}")


# SQL's paths: member access and subscripts, lax or strict.

_LAX_STEP = re.compile(r'\s*(?:\.\s*(?:([A-Za-z_]\w*)|"([^"\\]*)")|\[\s*(\d+)\s*\]|(\[\s*\*\s*\]))')


@lru_cache(maxsize=256)
def _sql_path(path: str) -> tuple[bool, tuple[str | int | None, ...]]:
    head = re.match(r"\s*(lax|strict)\s+\$", path)
    if not head:
        raise UnknownAnswerError(f"the JSON path {path!r}")
    at, steps = head.end(), []
    while path[at:].strip():
        found = _LAX_STEP.match(path, at)
        if not found:
            raise UnknownAnswerError(f"the JSON path {path!r}")
        steps.append(None if found[4] else int(found[3]) if found[3] else found[1] or found[2])
        at = found.end()
    return head[1] == "lax", tuple(steps)


class _StructuralError(Exception):
    """A strict path that does not fit."""


def _items(text: str, path: str) -> list[Any]:
    """What a path finds. Raises `_StructuralError` and `ValueError` for what is not JSON."""
    lax, steps = _sql_path(path)
    values = [_read(text)]
    for step in steps:
        found: list[Any] = []
        for value in values:
            is_array = isinstance(value, list) and not isinstance(value, _Object)
            if isinstance(step, str):
                for item in value if lax and is_array else [value]:
                    matches = [v for n, v in item if n == step] if isinstance(item, _Object) else []
                    if len(matches) > 1:
                        raise UnknownAnswerError(f"one of several members {step!r} of a JSON object")
                    if not matches and not lax:
                        raise _StructuralError
                    found += matches
                continue
            if not is_array and not lax:
                raise _StructuralError
            items = value if is_array else [value]
            if step is None:
                found += items
            elif step < len(items):
                found.append(items[step])
            elif not lax:
                raise _StructuralError
        values = found
    return values


def _json_value(text: str, path: str) -> str | None:
    try:
        found = _items(text, path)
    except (ValueError, _StructuralError):
        return None
    if len(found) != 1 or found[0] is None or isinstance(found[0], list):
        return None
    return str(_scalar(found[0], Type("varchar"), FunctionError("")))


def _json_query(text: str, path: str) -> str | None:
    try:
        found = _items(text, path)
    except (ValueError, _StructuralError):
        return None
    return _written(found[0]) if len(found) == 1 else None


def _json_exists(text: str, path: str) -> bool:
    try:
        return bool(_items(text, path))
    except (ValueError, _StructuralError):
        return False


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "from_json": _from_json,
    "is_json_scalar": _is_json_scalar,
    "json_array_contains": _json_array_contains,
    "json_array_get": _json_array_get,
    "json_array_length": _json_array_length,
    "json_exists": _json_exists,
    "json_extract": _json_extract,
    "json_extract_scalar": _json_extract_scalar,
    "json_parse": json_parse,
    "json_query": _json_query,
    "json_size": _json_size,
    "json_text": _text,
    "json_value": _json_value,
    "to_json": _to_json,
}
WITH_NULLS = frozenset({"to_json"})
