"""Why a function gives no value."""

from __future__ import annotations


class FunctionError(Exception):
    """Trino fails such a call, too."""

    def __init__(self, message: str, code: str = "INVALID_FUNCTION_ARGUMENT"):
        super().__init__(message)
        self.code = code


class UnknownAnswerError(Exception):
    """What Trino answers is not known here: the query is refused."""
