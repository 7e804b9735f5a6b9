"""An Athena query whose task view has no link into a console that does not know it."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.athena import AthenaOperator

from lake_provider.operators.console_links import AthenaQueryLink


class AthenaQueryOperator(AthenaOperator):
    """The provider's `AthenaOperator`, without the query's text in the log: the UI shows it as *Rendered*."""

    operator_extra_links = (AthenaQueryLink(),)

    def __init__(self, *, log_query: bool = False, **kwargs: Any) -> None:
        super().__init__(log_query=log_query, **kwargs)
