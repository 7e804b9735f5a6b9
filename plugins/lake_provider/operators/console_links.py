"""Links into AWS's console for what really runs in AWS; none for what another endpoint runs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.providers.amazon.aws.links.athena import AthenaQueryResultsLink
from airflow.providers.amazon.aws.links.glue import GlueJobRunDetailsLink


def is_aws(endpoint_url: str) -> bool:
    """Whether a client's endpoint is AWS's own, and so has a console."""
    host = urlsplit(endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


class AthenaQueryLink(AthenaQueryResultsLink):
    """The query in Athena's console; empty, and so not shown, if the client talks to another endpoint."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address, or an empty text."""
        if not is_aws(operator.hook.conn.meta.endpoint_url):
            return ""
        return str(super().get_link(operator, ti_key=ti_key))


class GlueJobRunLink(GlueJobRunDetailsLink):
    """The run in Glue's console; empty, and so not shown, if the client talks to another endpoint."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address, or an empty text."""
        if not is_aws(operator.hook.conn.meta.endpoint_url):
            return ""
        return str(super().get_link(operator, ti_key=ti_key))
