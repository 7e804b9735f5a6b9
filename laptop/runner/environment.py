"""The environment variables that make Airflow's own commands work on this laptop."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from laptop.aws import process
from laptop.lake.deployment import ALERT_TOPIC_ARN, LAKE_BUCKET, WEBSITE_BUCKET

REPOSITORY = Path(__file__).parents[2]
# What the libraries say of their own work at every call. py.warnings is how they warn their developers.
NAMESPACE_LEVELS = (
    "airflow.dag_processing=WARNING airflow.providers.amazon=WARNING "
    "airflow.task.hooks.airflow.providers.amazon=WARNING "
    "aiobotocore=WARNING botocore=WARNING py.warnings=ERROR"
)
COINGECKO_API = "https://api.coingecko.com"


class DatabaseError(Exception):
    """Airflow could not make its metadata database."""


def aws_environment(endpoint_url: str) -> dict[str, str]:
    """The four standard variables with which any AWS client talks to the local AWS.

    Raises:
        LocalAwsFailed: This process has not started or found the endpoint's server, whose key it needs.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        **process.key(endpoint_url).environment(),
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def coingecko_connection(url: str, *, time_travel: bool) -> str:
    """The connection `coingecko_default` as Airflow reads it from the environment (JSON).

    Args:
        url: `scheme://host[:port]` of CoinGecko or of the stand-in.
        time_travel: The server serves any date (the stand-in does, CoinGecko does not).
    """
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition(":")
    connection = {
        "conn_type": "http",
        "schema": scheme,
        "host": host,
        "port": int(port) if port else None,
        "password": None if time_travel else os.environ.get("COINGECKO_API_KEY"),
        "extra": {"time_travel": time_travel}
        # CoinGecko's limit is its plan's; the stand-in has none.
        | ({} if url == COINGECKO_API else {"calls_per_minute": 60_000}),
    }
    return json.dumps({key: value for key, value in connection.items() if value is not None})


def airflow_environment(
    home: Path,
    *,
    endpoint_url: str,
    coingecko_url: str,
    time_travel: bool,
    coins: int | None = None,
    api_port: int = 8080,
    dashboard_url: str = "",
) -> dict[str, str]:
    """Everything Airflow needs, on top of this process's own environment.

    Args:
        home: AIRFLOW_HOME; the metadata database (SQLite) and the logs lie there.
        endpoint_url: Where the local AWS listens.
        coingecko_url: CoinGecko's or the stand-in's address.
        time_travel: As for `coingecko_connection`.
        coins: How many coins a day ingests; None leaves it to the lake's default.
        api_port: Where Airflow's API server listens, when one does.
        dashboard_url: Where its menu leads to the dashboard; empty for no such entry.
    """
    inherited = {
        key: value
        for key, value in os.environ.items()
        # Settings of another Airflow or AWS account on this machine must not reach this one.
        if not key.startswith(("AIRFLOW", "AWS_")) and key not in {"PYTHONPATH", "SPARK_HOME"}
    }
    return (
        inherited
        | aws_environment(endpoint_url)
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONPATH": os.pathsep.join(
                [str(REPOSITORY), str(REPOSITORY / "laptop" / "runner" / "config")]
            ),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api_port}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__INTERNAL_API_SECRET_KEY": "laptop",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(api_port),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{api_port}",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CRYPTO_LAKE__DASHBOARD_URL": dashboard_url,
            "AIRFLOW__CRYPTO_LAKE__DOCS_URL": (REPOSITORY / "docs").as_uri(),
            "AIRFLOW__CRYPTO_LAKE__UI_HOSTS": "127.0.0.1,localhost",
            "AIRFLOW__CRYPTO_LAKE__POLL_SECONDS": "2",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",  # sooner when a DAG file has changed
            # Five processes write to it. The default wait of five seconds fails tasks on a busy machine.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=60",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "AIRFLOW__LOGGING__NAMESPACE_LEVELS": NAMESPACE_LEVELS,
            "AIRFLOW_CONN_COINGECKO_DEFAULT": coingecko_connection(coingecko_url, time_travel=time_travel),
            "AIRFLOW_VAR_CRYPTO_LAKE": json.dumps(
                {"bucket": LAKE_BUCKET, "website_bucket": WEBSITE_BUCKET, "alert_topic_arn": ALERT_TOPIC_ARN}
                | ({} if coins is None else {"coins": coins})
            ),
        }
    )


def prepare_home(environment: dict[str, str]) -> None:
    """Make or upgrade the metadata database, once for every version of Airflow, and write `airflow.cfg`.

    The file has the settings of `airflow_environment`, so that AIRFLOW_HOME alone leads any command to them.

    Raises:
        DatabaseError: Airflow could not; its own output is in the message.
    """
    from importlib.metadata import version

    home = Path(environment["AIRFLOW_HOME"])
    stamp = home / f"migrated-{version('apache-airflow')}"
    if not (stamp.exists() and (home / "airflow.db").exists()):
        home.mkdir(parents=True, exist_ok=True)
        _airflow(["db", "migrate"], environment)
        stamp.touch()
    _write_settings(home / "airflow.cfg", environment)


def register_dags(environment: dict[str, str]) -> None:
    """Put the DAGs into the metadata database, as the DAG processor does when it runs.

    Raises:
        DatabaseError: Airflow could not; its own output is in the message.
    """
    digest = hashlib.sha256()
    for folder in ("dags", "include", "plugins"):
        for file in sorted((REPOSITORY / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    stamp = Path(environment["AIRFLOW_HOME"]) / "dags-registered"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest.hexdigest():
        return
    _airflow(["dags", "reserialize"], environment)
    stamp.write_text(digest.hexdigest(), encoding="utf-8")


def _airflow(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "airflow", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DatabaseError(
            f"airflow {' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )


def _write_settings(path: Path, environment: dict[str, str]) -> None:
    """Set in Airflow's file what the environment sets; keep the keys that Airflow made for itself."""
    settings = configparser.RawConfigParser()
    settings.read(path, encoding="utf-8")
    for name, value in environment.items():
        match name.split("__"):
            case ["AIRFLOW", section, option]:
                if not settings.has_section(section.lower()):
                    settings.add_section(section.lower())
                settings.set(section.lower(), option.lower(), value.replace("%", "%%"))
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write("# Written by make run, make dev and make airflow: a change by hand does not last.\n\n")
        settings.write(file)
    new.replace(path)
