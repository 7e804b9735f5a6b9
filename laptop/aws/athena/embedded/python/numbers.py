"""Functions of numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import pairwise
from typing import Any

from laptop.aws.athena.embedded.python.failures import FunctionError, UnknownAnswerError
from laptop.aws.athena.results import java_double, java_float, scientific_double

_EXACT = Context(prec=200, rounding=ROUND_HALF_UP)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _fixed(value: float, digits: int) -> str:
    """`%.2f` as Java formats it: it rounds the shortest decimal figures, halves up."""
    if math.isnan(value) or math.isinf(value):
        return java_double(value)
    return format(Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), context=_EXACT), "f")


def _fixed_decimal(value: Decimal, digits: int) -> str:
    return format(value.quantize(Decimal(1).scaleb(-digits), context=_EXACT), "f")


def _in_range(value: Decimal, precision: int, scale: int) -> Decimal:
    if abs(value) >= Decimal(10) ** (precision - scale):
        raise FunctionError("Decimal overflow", "NUMERIC_VALUE_OUT_OF_RANGE")
    return value


def _decimal_divide(one: Decimal, other: Decimal, precision: int, scale: int) -> Decimal:
    if not other:
        raise FunctionError("Division by zero", "DIVISION_BY_ZERO")
    quantum = Decimal(1).scaleb(-scale)
    # Half away from zero, from the exact quotient.
    scaled, rest = divmod(abs(one) * (Decimal(10) ** scale), abs(other)) if one else (Decimal(0), Decimal(0))
    if rest * 2 >= abs(other):
        scaled += 1
    sign = -1 if (one < 0) != (other < 0) else 1
    return _in_range(_EXACT.multiply(scaled * sign, quantum), precision, scale)


def _decimal_remainder(one: Decimal, other: Decimal) -> Decimal:
    if not other:
        raise FunctionError("Division by zero", "DIVISION_BY_ZERO")
    return _EXACT.remainder(one, other)


def _decimal_multiply(one: Decimal, other: Decimal, precision: int, scale: int) -> Decimal:
    return _in_range(_EXACT.multiply(one, other), precision, scale)


def _decimal_add(one: Decimal, other: Decimal, precision: int, scale: int) -> Decimal:
    return _in_range(_EXACT.add(one, other), precision, scale)


def _decimal_subtract(one: Decimal, other: Decimal, precision: int, scale: int) -> Decimal:
    return _in_range(_EXACT.subtract(one, other), precision, scale)


def _decimal_round(value: Decimal, digits: int, precision: int, scale: int) -> Decimal:
    if digits >= scale:
        return value
    rounded = value.quantize(Decimal(1).scaleb(-digits), context=_EXACT)
    return _in_range(rounded.quantize(Decimal(1).scaleb(-scale), context=_EXACT), precision, scale)


def _decimal_truncate(value: Decimal, digits: int, scale: int) -> Decimal:
    if digits >= scale:
        return value
    unit = Decimal(1).scaleb(-digits)
    return ((value / unit).to_integral_value("ROUND_DOWN", _EXACT) * unit).quantize(
        Decimal(1).scaleb(-scale), context=_EXACT
    )


def _decimal_of_double(value: float, precision: int, scale: int) -> Decimal:
    wrong = FunctionError(
        f"Cannot cast DOUBLE '{java_double(value)}' to DECIMAL({precision}, {scale})", "INVALID_CAST_ARGUMENT"
    )
    if not math.isfinite(value):
        raise wrong
    return _quantized(Decimal(repr(value)), precision, scale, wrong)


def _decimal_of_varchar(value: str, precision: int, scale: int) -> Decimal:
    wrong = FunctionError(
        f"Cannot cast VARCHAR '{value}' to DECIMAL({precision}, {scale})", "INVALID_CAST_ARGUMENT"
    )
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", value):
        if re.search("[0-9]", value):  # spaces, exponents
            raise UnknownAnswerError(f"CAST of {value!r} to a decimal")
        raise wrong
    return _quantized(Decimal(value), precision, scale, wrong)


def _quantized(value: Decimal, precision: int, scale: int, wrong: FunctionError) -> Decimal:
    rounded = value.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    if abs(rounded) >= Decimal(10) ** (precision - scale):
        raise wrong
    return rounded


def _width_bucket(value: float, low: float, high: float, count: int) -> int:
    if count <= 0:
        raise FunctionError("bucketCount must be greater than 0")
    if math.isnan(value):
        raise FunctionError("operand must not be NaN")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise FunctionError("bounds must be finite")
    if low == high:
        raise FunctionError("bounds cannot equal each other")
    lower, upper = min(low, high), max(low, high)
    if value < lower:
        bucket = 0
    elif value >= upper:
        bucket = count + 1
    else:
        bucket = int(count * (value - lower) / (upper - lower) + 1)
    return count - bucket + 1 if low > high else bucket


def _width_bucket_of(value: float, bins: list[float | None]) -> int:
    if not bins:
        raise FunctionError("Bins cannot be an empty array")
    if math.isnan(value):
        raise FunctionError("Operand cannot be NaN")
    if None in bins or not all(math.isfinite(bound) for bound in bins if bound is not None):
        raise UnknownAnswerError("width_bucket of such bins")
    if any(one > other for one, other in pairwise(bins)):  # type: ignore[operator]
        raise FunctionError("Bin values are not sorted in ascending order")
    return len([bound for bound in bins if bound is not None and bound <= value])


def _radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise FunctionError("Radix must be between 2 and 36")


def _to_base(value: int, radix: int) -> str:
    _radix(radix)
    digits, rest = "", abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, radix)
        digits = _DIGITS[digit] + digits
    return f"-{digits}" if value < 0 else digits


def _from_base(value: str, radix: int) -> int:
    _radix(radix)
    digits = value[1:] if value[:1] in ("+", "-") else value
    wrong = FunctionError(f"Not a valid base-{radix} number: {value}")
    if not digits or any(digit not in _DIGITS[:radix] for digit in digits.lower()) or not digits.isascii():
        raise wrong
    number = int(digits, radix) * (-1 if value[0] == "-" else 1)
    if not -(2**63) <= number < 2**63:
        raise wrong
    return number


def _bit_count(value: int, bits: int) -> int:
    if not 2 <= bits <= 64:
        raise FunctionError(f"Bits specified in bit_count must be between 2 and 64, got {bits}")
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise FunctionError(
            f"Number must be representable with the bits specified. {value} cannot be represented with {bits}"
            " bits"
        )
    return bin(value % 2**bits).count("1")


def _wrapped(value: int, bits: int) -> int:
    value %= 2**bits
    return value - 2**bits if value >= 2 ** (bits - 1) else value


def _shift_left(value: int, by: int, bits: int) -> int:
    if by < 0:
        raise UnknownAnswerError("a shift by a negative number")
    return 0 if by >= bits else _wrapped(value << by, bits)


def _shift_right(value: int, by: int, bits: int) -> int:
    if by < 0:
        raise UnknownAnswerError("a shift by a negative number")
    return 0 if by >= bits else _wrapped((value % 2**bits) >> by, bits)


def _shift_right_arithmetic(value: int, by: int) -> int:
    if by < 0:
        raise UnknownAnswerError("a shift by a negative number")
    return value >> min(by, 64)


def _human_readable_seconds(value: float) -> str:
    if not math.isfinite(value):
        raise FunctionError(f"Invalid argument found: {value}")
    if abs(value) >= 2**53:
        raise UnknownAnswerError("human_readable_seconds of so large a number")
    seconds = abs(math.floor(value + 0.5))
    parts: list[str] = []
    for unit, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count or (unit == "second" and not parts):
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(parts)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "bit_count": _bit_count,
    "decimal_add": _decimal_add,
    "decimal_divide": _decimal_divide,
    "decimal_multiply": _decimal_multiply,
    "decimal_of_double": _decimal_of_double,
    "decimal_of_varchar": _decimal_of_varchar,
    "decimal_remainder": _decimal_remainder,
    "decimal_round": _decimal_round,
    "decimal_subtract": _decimal_subtract,
    "decimal_truncate": _decimal_truncate,
    "double": lambda value: java_double(value),
    "fixed": _fixed,
    "fixed_decimal": _fixed_decimal,
    "from_base": _from_base,
    "human_readable_seconds": _human_readable_seconds,
    "real": java_float,
    "scientific_double": lambda value: scientific_double(value),
    "scientific_real": lambda value: scientific_double(value, single=True),
    "shift_left": _shift_left,
    "shift_right": _shift_right,
    "shift_right_arithmetic": _shift_right_arithmetic,
    "to_base": _to_base,
    "width_bucket": _width_bucket,
    "width_bucket_of": _width_bucket_of,
}
