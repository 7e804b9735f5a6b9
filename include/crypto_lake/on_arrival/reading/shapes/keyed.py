"""An object with a row for each coin, under the coin's id."""

from __future__ import annotations

import json
from collections.abc import Iterator

from include.crypto_lake.on_arrival.columns import ABOUT, known_targets
from include.crypto_lake.on_arrival.reading.chunks import KEY, Row
from include.crypto_lake.on_arrival.reading.head import Head, Member
from include.crypto_lake.on_arrival.reading.json_values import members, row, value
from include.crypto_lake.on_arrival.reading.shapes.base import ObjectShape
from include.crypto_lake.on_arrival.reading.text import Text


class Keyed(ObjectShape):
    """`{"bitcoin": {"usd": 64123.5}, …}`: /simple/price. Whether a key is an id is judged later."""

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        self.about = {name for name, member in self.members.items() if _is_about(name, member)}
        self.envelope = [
            (name, text) for name, text in self.inner_texts() if name.partition(".")[0] in self.about
        ]

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether all members are objects, but for some that may be null."""
        kinds = {member.kind for member in cls.outline(head).values()}
        return dict in kinds and kinds <= {dict, type(None)}

    def rows(self, text: Text) -> Iterator[Row]:
        """A row a member."""
        for key in members(text):
            found, raw = value(text)
            if key in self.about:
                continue
            _, cells, problem = row(found, raw)
            named = f"{{{json.dumps(key)}: {raw}}}"
            yield named, None if problem else {KEY: key, **cells}, problem


def _is_about(name: str, member: Member) -> bool:
    return name.lower() in ABOUT and "current_price" not in known_targets(member.keys)
