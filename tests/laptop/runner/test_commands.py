"""The laptop's commands as people type them: what they print, what they start, and what they refuse."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from laptop.aws import process
from laptop.runner import __main__ as runner
from laptop.runner import dev, environment, servers, state
from laptop.runner import run as daily
from laptop.runner.environment import REPOSITORY
from laptop.runner.servers import free_port
from tests.laptop.conftest import until

pytestmark = pytest.mark.product

Printed = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder for all of these tests; what was started in it is ended."""
    made = tmp_path_factory.mktemp("it's a \N{LATIN SMALL LETTER U WITH DIAERESIS} lake") / ".local"
    made.mkdir()
    yield made
    process.stop(made / "aws")


@pytest.fixture(autouse=True)
def _own_state(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(folder, monkeypatch)
    monkeypatch.setattr(os, "environ", os.environ.copy())


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "STATE", folder)
    monkeypatch.setattr(state, "AWS_STATE", folder / "aws")


def failed(printed: Printed, *command: str) -> str:
    """What a command that fails says."""
    printed.readouterr()
    assert runner.main([*command]) == 1
    return printed.readouterr().err.strip()


@pytest.fixture
def exported(capfd: Printed) -> dict[str, str]:
    """What a shell has after `eval "$(make -s env)"`."""
    assert runner.main(["--aws-port", str(free_port()), "env"]) == 0
    script = f"{capfd.readouterr().out}\nenv -0"
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    told = subprocess.run(["bash", "-c", script], env=clean, capture_output=True, check=True).stdout.decode()
    return dict(line.split("=", 1) for line in told.split("\0") if line)


def output(command: list[str], variables: dict[str, str]) -> str:
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_env_starts_the_lake_for_aws_clients_and_for_airflow(exported: dict[str, str], folder: Path) -> None:
    assert exported["AWS_ENDPOINT_URL"] == process.endpoint(folder / "aws")
    listing = "import boto3; print(*[b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']])"
    assert "crypto-lake" in output([sys.executable, "-c", listing], exported).split()

    dags = output([sys.executable, "-m", "airflow", "dags", "list", "-o", "json"], exported)
    found = {dag["dag_id"] for dag in json.loads(dags[dags.index("[{") :])}
    assert found == {file.stem for file in (REPOSITORY / "dags").glob("crypto_*.py")}
    connection = json.loads(exported["AIRFLOW_CONN_COINGECKO_DEFAULT"])
    with urllib.request.urlopen(f"http://{connection['host']}:{connection['port']}/api/v3/ping") as answer:
        assert "gecko_says" in json.load(answer)


def test_airflows_home_alone_leads_to_the_lakes_settings(exported: dict[str, str]) -> None:
    home = {name: exported[name] for name in ("AIRFLOW_HOME", "PATH", "HOME")}
    for section, option, value in (
        ("core", "load_examples", "False"),
        ("core", "dags_folder", str(REPOSITORY / "dags")),
        ("database", "sql_alchemy_conn", f"sqlite:///{exported['AIRFLOW_HOME']}/airflow.db?timeout=60"),
    ):
        command = [sys.executable, "-m", "airflow", "config", "get-value", section, option]
        assert output(command, home).splitlines()[-1] == value


def test_env_without_a_lake_lets_no_client_reach_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    use(tmp_path / ".local", monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert runner.main(["--aws-port", str(port), "env"]) == 1
    printed = capsys.readouterr()
    [export] = printed.out.splitlines()
    assert shlex.split(export, comments=True)[1] == "AWS_ENDPOINT_URL=http://127.0.0.1:9"
    assert f"Port {port}, for the local lake, is in use" in printed.err
    [hint] = re.findall(r"AWS_PORT=(\d+)", printed.err)
    assert int(hint) not in (port, port + 1)
    for candidate in int(hint), int(hint) + 1:
        socket.create_server(("127.0.0.1", candidate)).close()


def test_the_port_that_is_offered_is_not_one_of_ours() -> None:
    assert state.free_port_above(state.DEFAULT_AWS_PORT) > state.DEFAULT_AWS_PORT + 1


def test_sql_prints_a_table_or_csv_and_what_was_scanned(exported: dict[str, str], capfd: Printed) -> None:
    query = "SELECT 12.5 AS price, 'it''s, \"so\"' AS name, CAST(NULL AS varchar) AS nothing"
    assert runner.main(["sql", query]) == 0
    printed = capfd.readouterr()
    assert printed.out.splitlines() == [
        "price  name        nothing",
        "─────  ──────────  ───────",
        ' 12.5  it\'s, "so"',
    ]
    assert re.fullmatch(r"1 row, 0 bytes scanned, \d+\.\d\d s\n", printed.err)
    assert runner.main(["sql", "--format", "csv", query]) == 0
    assert capfd.readouterr().out == 'price,name,nothing\n12.5,"it\'s, ""so""",\n'
    assert failed(capfd, "sql", "SELECT x FROM nix").startswith("TABLE_NOT_FOUND: line 1:15: ")
    assert "line 1:" in failed(capfd, "sql", "SELEC 1")
    assert "Q is empty" in failed(capfd, "sql", " ")


def test_a_query_reaches_the_lake_from_make_as_it_was_typed() -> None:
    query = "SELECT 'it''s\n\\n' AS \"a$b\", `c` -- $(HOME) $$ \"\nFROM t"
    shown = "show: ; @printf '%s' $(call quoted,Q)"
    told = subprocess.run(
        ["make", "-s", f"--eval={shown}", "show", f"Q={query}"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    assert told.stdout.decode() == query


def test_airflow_without_a_command_is_refused_and_its_status_is_ours(
    exported: dict[str, str], capfd: Printed
) -> None:
    assert "ARGS is empty" in failed(capfd, "airflow")
    assert "No closing quotation" in failed(capfd, "airflow", "--args", "dags list '")
    assert runner.main(["airflow", "--args", "version"]) == 0
    assert runner.main(["airflow", "--args", "dags no-such-command"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--date", "2026-02-30"], "DATE=2026-02-30: not a date like 2026-01-31"),
        (["--date", str(datetime.now(UTC).date() + timedelta(days=2))], "choose a day from 2009-01-03 to "),
        (["--date", "2009-01-02"], "DATE=2009-01-02: choose a day from 2009-01-03 to "),
        (["--feed", ""], "FEED=: neither demo nor live, nor a directory of bodies named YYYY-MM-DD.json"),
        (["--feed", "/nowhere"], "FEED=/nowhere: neither demo nor live"),
        (["--feed", "live", "--date", "2026-01-31"], "CoinGecko has a snapshot of today"),
    ],
)
@pytest.mark.clock
def test_a_day_or_a_feed_that_cannot_be_had_is_one_sentence(
    capsys: Printed, options: list[str], message: str
) -> None:
    said = failed(capsys, "run", *options)
    assert message in said
    assert "\n" not in said


@pytest.mark.clock
def test_a_day_that_was_not_recorded_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    use(tmp_path / ".local", monkeypatch)
    (tmp_path / "2026-01-31.json").write_text("[]")
    said = failed(capsys, "run", "--feed", str(tmp_path), "--date", "2026-01-30")
    assert "no recording of 2026-01-30" in said
    assert "2026-01-31" in said
    assert not state.STATE.exists()


@pytest.mark.clock
def test_without_a_way_to_coingecko_a_live_run_says_so_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setattr(daily, "COINGECKO_API", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    said = failed(capsys, "run", "--feed", "live")
    assert re.fullmatch(r"CoinGecko cannot be reached: \[Errno \d+\] Connection refused\. FEED=live .*", said)


@pytest.mark.clock
def test_a_state_folder_of_someone_else_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    use(Path("/sys/.local"), monkeypatch)  # nobody may make folders there
    said = failed(capsys, "run")
    assert said.startswith("/sys/.local cannot be written by you (")
    assert "sudo chown -R $(id -u) '/sys/.local'" in said


def test_a_second_run_waits_for_the_first_and_for_its_airflow(folder: Path) -> None:
    said: list[str] = []
    order: list[str] = []

    def second() -> None:
        with state.one_run("2026-02-01", say=said.append):
            order.append("second")

    with state.one_run("2026-01-31") as place:
        airflow = subprocess.Popen(["sleep", "600"], pass_fds=[place.fileno()])
        thread = threading.Thread(target=second, daemon=True)
        thread.start()
        until(lambda: said)
        order.append("first")
    # Whoever killed `make run` left its Airflow working: it holds the place until it ends.
    time.sleep(0.3)
    assert order == ["first"]
    airflow.kill()
    airflow.wait()
    thread.join(30)
    assert order == ["first", "second"]
    assert said == [f"Waiting for another make run to end (process {os.getpid()}, 2026-01-31) …"]


@pytest.mark.clock
def test_what_a_killed_dev_left_running_is_ended(folder: Path, capsys: Printed) -> None:
    program = f"import time; time.sleep(600)  # {'longer than a line of a terminal ' * 5}"
    left = subprocess.Popen([sys.executable, "-c", program, "airflow scheduler"], start_new_session=True)
    others = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    try:
        with state.one_dev() as record:
            record.record(airflow=[left.pid, others.pid], port=8080)
            assert (state.running_dev() or {})["port"] == 8080
            assert "make dev is running: trigger the DAG in its UI" in failed(capsys, "run")
            assert f"make dev is running already (process {os.getpid()})" in failed(capsys, "dev")
            kept = (folder / state.Dev.FILE).read_text()
        assert state.running_dev() is None
        (folder / state.Dev.FILE).write_text(kept)  # as a killed process leaves it
        state.stop()
        assert left.wait(30) == -9
        assert others.poll() is None, "the number is another process's by now"
    finally:
        for child in left, others:
            child.kill()
            child.wait()


@pytest.mark.thorough
def test_dev_starts_a_local_aws_that_ended_again_where_it_was(exported: dict[str, str], folder: Path) -> None:
    lake = state.start_lake(free_port())
    component = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    assert component.stdin
    ended: list[str] = []

    def watch() -> None:
        try:
            dev.watch({"scheduler": component}, folder / "logs", lake)
        except servers.ServersFailedError as error:
            ended.append(str(error))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        os.kill(json.loads((folder / "aws" / process.RECORD).read_text())["pid"], signal.SIGKILL)
        until(lambda: process.endpoint(folder / "aws") == lake.endpoint_url)
        # It answers before everything is deployed to it again.
        until(
            lambda: boto3.client("sqs").list_queues(QueueNamePrefix="crypto-lake-arrivals").get("QueueUrls")
        )
    finally:
        component.stdin.close()
        thread.join(60)
    assert ended == [f"airflow scheduler ended with status 0: see {folder / 'logs' / 'scheduler'}.log"]


@pytest.mark.thorough
def test_airflow_beside_dev_asks_the_api_of_dev(
    exported: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: Printed
) -> None:
    port = free_port()
    told: list[str] = []

    @contextmanager
    def running(*_: object, on_start: Callable[[list[int]], None]) -> Iterator[servers.Processes]:
        on_start([])
        yield {}

    def watch(*_: object) -> None:
        capfd.readouterr()
        assert runner.main(["airflow", "--args", "config get-value api base_url"]) == 0
        told.append(capfd.readouterr().out.splitlines()[-1])
        raise KeyboardInterrupt

    monkeypatch.setattr(servers, "running", running)
    monkeypatch.setattr(dev, "watch", watch)
    assert runner.main(["dev", "--port", str(port)]) == 130
    assert told == [f"http://127.0.0.1:{port}"]


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (
            "2026-01-31T02:00:00Z [info] a\nTraceback (most recent call last):\n  File x\n"
            "KeyError: 'a'\n\nDuring handling\n\nTraceback (most recent call last):\n  File y\n"
            "airflow.sdk.exceptions.AirflowFailException: the API answered 500.\nTry later.\n"
            "2026-01-31T02:00:01Z [info] Marking task as FAILED\n",
            "airflow.sdk.exceptions.AirflowFailException: the API answered 500.\nTry later.",
        ),
        ("\n".join(f"line {n}" for n in range(50)), "\n".join(f"line {n}" for n in range(40, 50))),
    ],
)
def test_a_failed_task_is_shown_by_its_own_lines(log: str, told: str) -> None:
    assert daily.reason(log) == told


def test_help_can_be_pasted() -> None:
    shown = subprocess.run(
        ["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    assert 'eval "$(make -s env)"' in shown
    assert "$$" not in shown


def test_settings_are_written_without_a_change_of_their_text(tmp_path: Path) -> None:
    cfg = tmp_path / "airflow.cfg"
    cfg.write_text("[core]\nfernet_key = kept=\nload_examples = True\n[logging]\nlog_format = %%(message)s\n")
    environment._write_settings(cfg, {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__API__SECRET": "50%"})
    text = cfg.read_text()
    for line in ("fernet_key = kept=", "load_examples = False", "log_format = %%(message)s", "secret = 50%%"):
        assert line in text.splitlines()
