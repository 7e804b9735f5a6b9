"""Airflow's `[logging] namespace_levels` for every logger.

Airflow 3.2.1 applies the option to structlog's loggers only, so botocore and the providers' waiters log each
call all the same. Airflow loads its plugins in each of its processes, also in the triggerer and in those in
which tasks run.
"""

from __future__ import annotations

import logging
import re

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

# Airflow has refused an option that is none before it loads plugins.
for _pair in re.findall(r"[^\s,]+", conf.get("logging", "namespace_levels", fallback="")):
    _name, _, _level = _pair.partition("=")
    logging.getLogger(_name).setLevel(_level.upper())


class QuietLogs(AirflowPlugin):
    """Airflow finds it by its base class."""

    name = "quiet_logs"
