"""Why a query does not start, fails, or is cancelled."""


class QueryError(Exception):
    """Why a query fails, as Athena's StateChangeReason says it: `TABLE_NOT_FOUND: …`."""

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class MalformedQueryError(Exception):
    """The text is not SQL: StartQueryExecution refuses it."""


class LimitError(Exception):
    """The query would read, or has read, more than its workgroup allows."""


class InterruptedQueryError(Exception):
    """The query was stopped while it ran."""
