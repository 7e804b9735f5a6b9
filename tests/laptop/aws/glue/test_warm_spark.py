"""Runs of Glue jobs one after the other on warm JVMs: what one does, the next does not see."""

from __future__ import annotations

import io
import json
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from laptop.aws.glue import spark, warm_spark
from laptop.aws.glue.warm_spark import Jvm, JvmError, Pool, warm_up
from tests.laptop.aws.glue.test_glue_jobs import until_ended
from tests.laptop.conftest import client_of, create_job, make_bucket, until

pytestmark = [pytest.mark.product, pytest.mark.timeout(600)]

START = """
import json, os, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
jvm = spark._jvm
System = jvm.java.lang.System
pid = jvm.java.lang.ProcessHandle.current().pid()
argument = lambda name: sys.argv[sys.argv.index(f"--{name}") + 1]
def tell(**facts):
    print("FACTS", json.dumps({"pid": pid, **facts}), flush=True)
"""
LEAVES = """
tell(port=os.environ["PYSPARK_GATEWAY_PORT"])
rows = spark.range(3)
rows.createOrReplaceTempView("leftover")
rows.createOrReplaceGlobalTempView("leftover")
spark.udf.register("leftover", lambda: 1, "int")
spark.table("leftover").cache().count()
spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
spark.sparkContext.setLocalProperty("left", "1")
spark.sparkContext.setLogLevel("TRACE")
spark._jsc.hadoopConfiguration().set("left", "1")
spark._jsc.hadoopConfiguration().set("fs.s3.impl", "org.apache.hadoop.fs.RawLocalFileSystem")
jvm.org.apache.hadoop.fs.Path(f"s3://{argument('bucket')}/").getFileSystem(spark._jsc.hadoopConfiguration())
for folder in os.getcwd(), System.getProperty("java.io.tmpdir"):
    open(os.path.join(folder, "left"), "w").close()
spark.sparkContext._gateway.shutdown()
"""
LOOKS = """
left = []
for name in "leftover", "global_temp.leftover":
    if spark.catalog.tableExists(name):
        left.append(f"view {name}")
left += ["function"] if spark.catalog.functionExists("leftover") else []
left += ["cache"] if not spark._jsc.sc().getPersistentRDDs().isEmpty() else []
left += ["time zone"] if spark.conf.get("spark.sql.session.timeZone") != "UTC" else []
left += ["local property"] if spark.sparkContext.getLocalProperty("left") else []
left += ["log level"] if jvm.org.apache.logging.log4j.LogManager.getRootLogger().isInfoEnabled() else []
left += ["Hadoop setting"] if spark._jsc.hadoopConfiguration().get("left") else []
path = jvm.org.apache.hadoop.fs.Path(f"s3://{argument('bucket')}/")
files = path.getFileSystem(spark._jsc.hadoopConfiguration())
left += ["file system"] if "ViewFileSystem" not in files.getClass().getName() else []
for folder in os.getcwd(), System.getProperty("java.io.tmpdir"):
    left += [f"file in {folder}"] if os.path.exists(os.path.join(folder, "left")) else []
def environment(_):
    return os.environ.get("AWS_DEFAULT_REGION"), os.environ.get("TZ")
tell(
    left=left, port=os.environ["PYSPARK_GATEWAY_PORT"], zone=jvm.java.util.TimeZone.getDefault().getID(),
    workers=spark.sparkContext.parallelize([1]).map(environment).collect(),
    memory=jvm.java.lang.Runtime.getRuntime().maxMemory(),
)
"""


class Runner:
    """Runs scripts as Glue jobs, one after the other."""

    def __init__(self, local_aws: str) -> None:
        self.s3, self.glue, self.logs = (client_of(local_aws, name) for name in ("s3", "glue", "logs"))
        self.bucket = make_bucket(self.s3)

    def start(self, script: str, **arguments: str) -> tuple[str, str]:
        job = create_job(self.s3, self.glue, self.bucket, "warm", script)
        given = {f"--{name.replace('_', '-')}": value for name, value in arguments.items()}
        given["--bucket"] = self.bucket
        return job, self.glue.start_job_run(JobName=job, Arguments=given)["JobRunId"]

    def __call__(self, script: str, **arguments: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The run, and the facts that it told."""
        run = until_ended(self.glue, *self.start(START + script, **arguments))
        return run, self.facts(run["Id"])

    def output(self, run_id: str) -> list[str]:
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName="/aws-glue/jobs/output", logStreamNames=[run_id]
        )
        return [event["message"] for page in pages for event in page["events"]]

    def facts(self, run_id: str) -> dict[str, Any]:
        told = [line for line in self.output(run_id) if line.startswith("FACTS ")]
        return json.loads(told[-1].partition(" ")[2]) if told else {}

    def look(self, **arguments: str) -> dict[str, Any]:
        """What a run finds that an earlier one may have left."""
        run, facts = self(LOOKS, **arguments)
        assert run["JobRunState"] == "SUCCEEDED", run["ErrorMessage"]
        assert (facts["left"], facts["zone"]) == ([], "UTC")
        assert facts["workers"] == [["us-east-1", "UTC"]]
        return facts


@pytest.fixture(scope="module")
def run(local_aws: str) -> Runner:
    return Runner(local_aws)


def test_runs_share_a_jvm_and_nothing_else(run: Runner) -> None:
    before = run.look()
    left, told = run(LEAVES)
    assert left["JobRunState"] == "SUCCEEDED", left["ErrorMessage"]
    after = run.look()
    assert before["pid"] == told["pid"] == after["pid"]
    for port in before["port"], told["port"]:  # a process that outlived its run could not attach
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port)), timeout=5)


@pytest.mark.thorough
def test_a_run_that_ends_its_jvm_fails_alone(run: Runner) -> None:
    pids = []
    for script, reason in (
        ("System.exit(7)", "exit code 7: the JVM of this run ended before its script"),
        ("try:\n    System.exit(0)\nexcept Exception:\n    pass", "exit code 0: the JVM of this run ended"),
        ("spark.sql(\"SELECT repeat('x', 2000000000)\").collect()", "OutOfMemoryError: Java heap space in"),
    ):
        failed, told = run(f"tell()\n{script}")
        assert failed["JobRunState"] == "FAILED"
        assert reason in failed["ErrorMessage"]
        pids.append(told["pid"])
    pids.append(run.look()["pid"])
    assert len(set(pids)) == 4


@pytest.mark.thorough
def test_a_run_that_changes_its_jvm_is_the_last_on_it(run: Runner) -> None:
    changed, told = run(
        "System.setProperty('spark.sql.ansi.enabled', 'false')\n"
        "jvm.java.util.TimeZone.setDefault(jvm.java.util.TimeZone.getTimeZone('Asia/Tokyo'))\n"
        "jvm.java.util.Timer('left')\n"
        "tell()"
    )
    assert changed["JobRunState"] == "SUCCEEDED", changed["ErrorMessage"]
    assert run.look()["pid"] != told["pid"]


@pytest.mark.thorough
def test_a_script_that_is_killed_fails_alone(run: Runner) -> None:
    failed, told = run("tell()\nos.kill(os.getpid(), 9)")
    assert (failed["JobRunState"], failed["ErrorMessage"][:35]) == (
        "FAILED",
        "Command failed with exit code 137: ",
    )
    assert told["pid"]
    run.look()


@pytest.mark.thorough
def test_a_hung_run_is_stopped_at_once_and_its_jvm_is_thrown_away(run: Runner) -> None:
    job, run_id = run.start(START + "tell()\njvm.java.lang.Thread.sleep(600_000)")
    told = until(lambda: run.facts(run_id))
    run.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    assert until_ended(run.glue, job, run_id, seconds=20)["JobRunState"] == "STOPPED"
    assert run.look()["pid"] != told["pid"]


@pytest.mark.thorough
def test_settings_of_the_jvm_get_one_of_their_own(run: Runner) -> None:
    warm = run.look()
    options = "-XX:+UseParallelGC -Dgiven=yes"
    own, told = run(
        LOOKS + "assert System.getProperty('given') == 'yes'",
        conf=f"spark.driver.memory=700m --conf spark.driver.extraJavaOptions={options}",
    )
    assert own["JobRunState"] == "SUCCEEDED", own["ErrorMessage"]
    assert 600 << 20 < told["memory"] < 700 << 20
    assert told["zone"] == "UTC"
    assert run.look()["pid"] == warm["pid"] != told["pid"]


@pytest.mark.thorough
def test_settings_of_the_session_hold_for_their_run(run: Runner) -> None:
    warm = run.look()
    script = "tell(zone=spark.conf.get('spark.sql.session.timeZone'), n=spark.conf.get('spark.a'))"
    zoned, told = run(script, conf="spark.sql.session.timeZone=Asia/Tokyo --conf spark.a=b = c")
    assert zoned["JobRunState"] == "SUCCEEDED", zoned["ErrorMessage"]
    assert told == {"pid": warm["pid"], "zone": "Asia/Tokyo", "n": "b = c"}
    run.look()


@pytest.mark.thorough
def test_extra_python_files_are_found_by_the_script_and_by_its_functions(run: Runner) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("zipped/__init__.py", "TWO = 2")
    run.s3.put_object(Bucket=run.bucket, Key="src/extra_one.py", Body=b"ONE = 1")
    run.s3.put_object(Bucket=run.bucket, Key="src/package.zip", Body=package.getvalue())
    script = """
from extra_one import ONE
from zipped import TWO
def function(n):
    import extra_one, zipped
    return n + extra_one.ONE + zipped.TWO
from pyspark.sql.functions import udf
[[value]] = spark.range(1).select(udf(function, "long")("id")).collect()
tell(value=value, sum=ONE + TWO)
"""
    source = f"s3://{run.bucket}/src"
    done, told = run(script, extra_py_files=f"{source}/extra_one.py, {source}/package.zip")
    assert done["JobRunState"] == "SUCCEEDED", done["ErrorMessage"]
    assert (told["value"], told["sum"]) == (3, 3)
    gone, _ = run("import extra_one")
    assert gone["ErrorMessage"] == "ModuleNotFoundError: No module named 'extra_one'"
    lost, _ = run("", extra_py_files=f"{source}/lost.py")
    assert f"--extra-py-files {source}/lost.py does not exist" in lost["ErrorMessage"]


@pytest.mark.thorough
def test_python_modules_that_are_there_may_be_asked_for(run: Runner) -> None:
    done, _ = run("import boto3; tell()", additional_python_modules="boto3>=1, pandas")
    assert done["JobRunState"] == "SUCCEEDED", done["ErrorMessage"]


# A JVM, without Glue


@pytest.fixture(scope="module")
def jvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jvm]:
    environment = spark.environment("http://127.0.0.1:9", "us-east-1")
    jvm = Jvm(tmp_path_factory.mktemp("jvm") / "a folder", environment, {})
    try:
        warm_up(jvm, tmp_path_factory.mktemp("warm-up"), environment, lambda: False)
        yield jvm
    finally:
        jvm.end()


def handler(java: Any) -> Any:
    """Some object that handles uncaught exceptions: a thread group is one."""
    return java.lang.ThreadGroup("left")


CHANGES: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "a system property": (
        lambda java: java.lang.System.setProperty("left", "1"),
        lambda java, _: java.lang.System.clearProperty("left"),
    ),
    "the time zone": (
        lambda java: java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone("Asia/Tokyo")),
        lambda java, _: java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone("UTC")),
    ),
    "the locale": (
        lambda java: (java.util.Locale.getDefault(), java.util.Locale.setDefault(java.util.Locale("tr")))[0],
        lambda java, before: java.util.Locale.setDefault(before),
    ),
    "the handler of exceptions": (
        lambda java: java.lang.Thread.setDefaultUncaughtExceptionHandler(handler(java)),
        lambda java, _: java.lang.Thread.setDefaultUncaughtExceptionHandler(None),
    ),
    "the cookies": (
        lambda java: java.net.CookieHandler.setDefault(java.net.CookieManager()),
        lambda java, _: java.net.CookieHandler.setDefault(None),
    ),
    "a thread": (lambda java: java.util.Timer("left", True), lambda _, timer: timer.cancel()),
    "a process": (
        lambda java: java.lang.Runtime.getRuntime().exec("sleep 600"),
        lambda _, process: process.destroyForcibly().waitFor(),
    ),
    "memory": (lambda java: java.nio.ByteBuffer.allocate(560 << 20), lambda _, __: None),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.thorough
def test_what_a_run_changes_in_its_jvm_is_found(
    jvm: Jvm, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_spark, "_SETTLE_SECONDS", 0.2)
    change, undo = CHANGES[what]

    def opened() -> None:
        jvm.open({"spark.given": "1"}, tmp_path, print, print)

    opened()
    kept = [jvm._ask(lambda gateway: change(gateway.java))]
    assert not jvm.settle()
    opened()
    jvm._ask(lambda gateway: undo(gateway.java, kept.pop()))
    until(lambda: (jvm.settle(), opened())[0], 30)
    assert jvm.settle()


@pytest.mark.thorough
def test_a_run_that_takes_the_standard_streams_loses_its_jvm(
    jvm: Jvm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put out no longer arrives, and with it the lines that prove that all has arrived."""
    monkeypatch.setattr(warm_spark, "_ANSWER_SECONDS", 10)
    jvm.open({}, tmp_path, print, print)

    def replace(gateway: Any) -> Any:
        system, before = gateway.java.lang.System, gateway.java.lang.System.err
        system.setErr(gateway.java.io.PrintStream(gateway.java.io.ByteArrayOutputStream()))
        return before

    before = jvm._ask(replace)
    try:
        assert not jvm.settle()
    finally:
        jvm._ask(lambda gateway: gateway.java.lang.System.setErr(before))


# The pool, with JVMs that are none


class Stub:
    """A JVM for the pool's bookkeeping."""

    made: list[Stub]

    def __init__(self, folder: Path, *_: Any) -> None:
        self.folder, self.exit_status, self.ended = folder, None, threading.Event()
        type(self).made.append(self)

    def end(self) -> None:
        self.ended.set()


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pool:
    Stub.made = []
    monkeypatch.setattr(warm_spark, "Jvm", Stub)
    monkeypatch.setattr(warm_spark, "warm_up", lambda *_: None)
    (tmp_path / "spark" / "jvm-of-a-killed-server").mkdir(parents=True)
    return Pool(tmp_path / "spark", dict)


def taken(pool: Pool) -> Any:
    jvm = pool.take(threading.Event())
    assert jvm
    return jvm


@pytest.mark.thorough
def test_a_pool_reuses_what_is_clean_and_keeps_as_many_as_it_may(pool: Pool, tmp_path: Path) -> None:
    assert list(tmp_path.glob("spark/*")) == []
    first = taken(pool)
    pool.give_back(first, clean=True)
    assert taken(pool) is first
    others = [taken(pool) for _ in range(warm_spark.MOST - 1)]
    for jvm in [first, *others]:
        pool.give_back(jvm, clean=True)
    assert sum(jvm.ended.is_set() for jvm in Stub.made) == warm_spark.MOST - warm_spark.MOST_IDLE


@pytest.mark.thorough
def test_a_pool_ends_what_is_not_clean_and_warms_another(pool: Pool) -> None:
    jvm = taken(pool)
    pool.give_back(jvm, clean=False)
    assert jvm.ended.is_set()
    until(lambda: len(Stub.made) == 2, 5)
    assert taken(pool) is Stub.made[1]


@pytest.mark.thorough
def test_a_warm_up_is_cut_short_as_soon_as_a_run_waits(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, cut_short = threading.Event(), threading.Event()

    def warm_up_until_wanted(_: Any, __: Any, ___: Any, is_wanted: Callable[[], bool]) -> None:
        if not is_wanted():
            begun.set()
        until(is_wanted, 10)
        cut_short.set()

    monkeypatch.setattr(warm_spark, "warm_up", warm_up_until_wanted)
    pool.warm()
    assert begun.wait(10)
    assert taken(pool) is Stub.made[0]
    assert cut_short.is_set()


@pytest.mark.thorough
def test_a_jvm_that_ended_while_it_was_idle_is_not_given_out(pool: Pool) -> None:
    jvm = taken(pool)
    pool.give_back(jvm, clean=True)
    jvm.exit_status = 137
    assert taken(pool) is not jvm


@pytest.mark.thorough
def test_a_run_beyond_the_most_waits_for_a_jvm_or_is_cancelled(pool: Pool) -> None:
    jvms = [taken(pool) for _ in range(warm_spark.MOST)]
    cancelled, got = threading.Event(), []
    waiting = [
        threading.Thread(target=lambda e=e: got.append(pool.take(e))) for e in (cancelled, threading.Event())
    ]
    for thread in waiting:
        thread.start()
    assert len(Stub.made) == warm_spark.MOST
    cancelled.set()
    waiting[0].join(10)
    pool.give_back(jvms[0], clean=True)
    waiting[1].join(10)
    assert got == [None, jvms[0]]
    assert len(Stub.made) == warm_spark.MOST


@pytest.mark.thorough
def test_an_idle_jvm_is_ended_in_time(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_spark, "IDLE_SECONDS", 0.05)
    jvm = taken(pool)
    pool.give_back(jvm, clean=True)
    assert jvm.ended.wait(10)
    assert taken(pool) is not jvm


@pytest.mark.thorough
def test_a_jvm_that_does_not_start_fails_the_runs_that_wait(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise JvmError("no Java: install it")

    monkeypatch.setattr(warm_spark, "Jvm", fails)
    with pytest.raises(JvmError, match="no Java: install it"):
        pool.take(threading.Event())


@pytest.mark.thorough
def test_a_jvm_that_cannot_start_says_why(tmp_path: Path) -> None:
    environment = spark.environment("http://127.0.0.1:9", "us-east-1")
    with pytest.raises(JvmError, match=r"did not start: exit code 1.*no-such-agent"):
        Jvm(tmp_path / "jvm", environment, {"spark.driver.extraJavaOptions": "-javaagent:no-such-agent.jar"})
    assert not (tmp_path / "jvm").exists()
    with pytest.raises(JvmError, match="install Java 17 or newer"):
        Jvm(tmp_path / "jvm", {"PATH": str(tmp_path)}, {})
