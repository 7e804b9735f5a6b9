"""Where Athena differs from Trino. The evidence is in `docs/athena.md`.

The recorder and the Trino engine apply this; the embedded engine is held against the result.
"""

from __future__ import annotations

from laptop.aws.athena import text
from laptop.aws.athena.errors import QueryError

# Functions that only Athena has.
ATHENAS_OWN = frozenset({"invoker_principal"})


def for_trino(sql: str) -> str:
    """The text with which Trino gives Athena's answer to a query.

    Raises:
        QueryError: It calls a function that Trino lacks.
    """
    for kind, word, offset in text.tokens(sql):
        if kind == "word" and word.lower() in ATHENAS_OWN:
            raise QueryError(
                "NOT_SUPPORTED",
                f"{text.place(sql, offset)}: Function '{word.lower()}' is Athena's own, and neither engine"
                " of the local AWS has it. Remove it from the query.",
            )
    return text.with_double_literals(sql)
