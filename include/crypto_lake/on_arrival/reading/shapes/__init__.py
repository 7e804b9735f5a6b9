"""Every shape that a dropped file may have, in the order in which they are tried: one class each."""

from __future__ import annotations

from include.crypto_lake.on_arrival.reading.shapes.array import Array, ArrayWithHeader
from include.crypto_lake.on_arrival.reading.shapes.base import Shape
from include.crypto_lake.on_arrival.reading.shapes.chart import Chart
from include.crypto_lake.on_arrival.reading.shapes.delimited import Delimited
from include.crypto_lake.on_arrival.reading.shapes.envelope import Envelope
from include.crypto_lake.on_arrival.reading.shapes.frames import ByColumn, Split
from include.crypto_lake.on_arrival.reading.shapes.keyed import Keyed
from include.crypto_lake.on_arrival.reading.shapes.lines import Lines
from include.crypto_lake.on_arrival.reading.shapes.not_prices import ApiError, Markup, Nothing
from include.crypto_lake.on_arrival.reading.shapes.single import Single

SHAPES: tuple[type[Shape], ...] = (
    Nothing,
    Markup,
    ArrayWithHeader,
    Array,
    Lines,
    ApiError,
    Split,
    Envelope,
    Chart,
    ByColumn,
    Keyed,
    Single,
    Delimited,
)
