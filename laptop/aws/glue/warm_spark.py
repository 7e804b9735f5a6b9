"""Warm JVMs for Glue jobs: Spark starts once, and serves one run after another.

A run is a Python process of its own. It reaches its JVM through a Py4J gateway that is opened for this run,
with a secret of its own, and closed after it. Between two runs the JVM is put back into the state in which
it was before the first: the Spark context is stopped, and sessions, Hadoop file systems, system properties,
logging and files are reset. Then everything is compared with what it was. A JVM that differs, that does not
answer, or whose run was stopped is ended, never reused.

AWS Glue keeps warm pools, too.
"""

from __future__ import annotations

import functools
import re
import secrets
import shutil
import struct
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from py4j.clientserver import ClientServer, JavaParameters, PythonParameters

from laptop.aws.glue import spark
from laptop.aws.leash import Leashed

MOST = 4  # JVMs at once: further runs wait for one
MOST_IDLE = 2
IDLE_SECONDS = 1800.0
_START_SECONDS = 300.0
_ANSWER_SECONDS = 60.0  # for what the pool asks of a JVM
_LOST_SECONDS = 10.0  # from the end of what a JVM's connection needs to the JVM's own
_SETTLE_SECONDS = 15.0  # for threads of a stopped Spark context to end: some look up every two only
_WARM_UP = Path(__file__).with_name("warm_up.py")

# What is the same for the whole JVM, and has a getter. Python objects cannot reach the rest of a JVM's static
# state without naming it; what is named here is what scripts and libraries change.
_JVM_WIDE = (
    "java.lang.Thread.getDefaultUncaughtExceptionHandler",
    "java.net.Authenticator.getDefault",
    "java.net.CookieHandler.getDefault",
    "java.net.ProxySelector.getDefault",
    "java.net.ResponseCache.getDefault",
    "java.security.Security.getProviders",
    "java.util.Locale.getDefault",
    "java.util.TimeZone.getDefault",
    "java.util.logging.LogManager.getLogManager",
    "org.apache.hadoop.conf.Configuration",  # its default resources
    "org.apache.hadoop.security.UserGroupInformation.getLoginUser",
    "org.apache.hadoop.security.UserGroupInformation.isSecurityEnabled",
    "org.apache.spark.sql.classic.SparkSession.getActiveSession",
    "org.apache.spark.sql.classic.SparkSession.getDefaultSession",
)
# Where threads are that Spark leaves: workers of pools that the whole JVM shares, while they have no work,
# and the event loops of a context that has just been stopped.
_LEFT_BY_SPARK = (
    "java.util.concurrent.ForkJoinPool.awaitWork",
    "java.util.concurrent.ThreadPoolExecutor.getTask",
    "io.netty.util.concurrent.GlobalEventExecutor.takeTask",
    # One for each context whose jobs called Python functions: it never ends, and has nothing to look after.
    "org.apache.spark.api.python.PythonWorkerFactory$MonitorThread.run",
    # Deletes the files of sessions that are gone; one for the whole JVM.
    "jdk.internal.ref.CleanerImpl.run",
)
_CONNECTION = "py4j.ClientServerConnection.run"
_OWN_COMMANDS = ("AuthCommand", "MemoryCommand")
_EVENT_LOOPS = ("rpc-", "shuffle-boss-", "shuffle-client-", "shuffle-server-")

Line = Callable[[str], None]
Result = TypeVar("Result")


class JvmError(Exception):
    """Why Spark has no JVM: what failed, and the remedy."""


class Jvm:
    """A JVM with Spark that serves one run at a time. It ends with this process, however that ends.

    Args:
        folder: Its own, which it gets made and deleted: working directory and temporary files.
        environment: Its environment variables.
        settings: Spark settings that cannot be changed once it runs: memory, class path, options.

    Raises:
        JvmError: It did not start; says why.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], settings: Mapping[str, str]):
        if problem := spark.java_problem(environment):
            raise JvmError(problem)
        self._folder, self._work, self._temporary = folder, folder / "work", folder / "tmp"
        for directory in (self._work, self._temporary):
            directory.mkdir(parents=True)
        folder.chmod(0o700)
        self._sinks: tuple[Line, Line] | None = None
        self._marks: dict[str, threading.Event] = {}
        self._last_lines: deque[str] = deque(maxlen=20)
        self._baseline: dict[str, Any] | None = None
        self._gateway: Any = None
        connection = folder / "connection"
        self._process = Leashed(
            spark.jvm_command(self._temporary, settings),
            {**environment, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(connection), "SPARK_CONNECT_MODE": "0"},
            self._work,
            functools.partial(self._on_line, 0),
            functools.partial(self._on_line, 1),
            open_stdin=True,
        )
        # One thread, so that the JVM has one connection, and its thread, for all that the pool asks.
        self._control = ThreadPoolExecutor(1, thread_name_prefix="warm-spark")
        try:
            self._connect(connection)
        except BaseException:
            self.end()
            raise

    @property
    def exit_status(self) -> int | None:
        """The JVM's exit status; None while it runs."""
        return self._process.poll()

    def reason(self) -> str:
        """Why a JVM that has ended has ended, with its exit code."""
        self._process.wait(_ANSWER_SECONDS)  # all lines have been handed over
        failed = f"Command failed with exit code {self.exit_status}"
        for line in self._last_lines:
            if error := re.search(r"OutOfMemoryError.*", line):
                return (
                    f"{failed}: {error[0]} in the JVM of this run. Read less at once, or give it more memory,"
                    " such as --conf spark.driver.memory=2g (the default is 1g)"
                )
        return f"{failed}: the JVM of this run ended before its script"

    def open(
        self, settings: Mapping[str, str], directory: Path, on_output: Line, on_error: Line
    ) -> dict[str, str]:
        """Prepare for a run.

        Args:
            settings: Its Spark settings.
            directory: Its working directory, from which Spark takes relative paths.
            on_output: Called with each line of the JVM's standard output until `settle` or the JVM ends.
            on_error: The same for standard error.

        Returns:
            The environment variables with which PySpark attaches.
        """
        self._sinks = on_output, on_error
        properties = {**settings, "user.dir": str(directory)}
        return self._ask(lambda jvm: self._open(jvm, properties))

    def settle(self) -> bool:
        """Stop what a run has left and forget it; whether the JVM is as it was before the run."""
        try:
            clean = self._ask(self._settle)
            self._drain()
        except Exception:  # it ended, hangs, or is broken: all the same to the next run
            clean = False
            with suppress(TimeoutError):
                self._process.wait(_LOST_SECONDS)
        self._sinks = None
        return clean

    def take_baseline(self) -> None:
        """From now on the JVM has to be what it is now after each run. Call it after a `settle`."""
        self._baseline = self._ask(_state)

    def end(self) -> None:
        """End it and everything it started; returns when it has ended."""
        self._process.end()
        with suppress(TimeoutError):
            self._process.wait(_ANSWER_SECONDS)
        self._control.shutdown(wait=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connect(self, connection: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not connection.exists():
            if self.exit_status is not None:
                self._process.wait(_ANSWER_SECONDS)
                raise JvmError(
                    f"Spark's JVM did not start: exit code {self.exit_status}. It said: "
                    + (" | ".join(line.strip() for line in self._last_lines if line.strip()) or "nothing")
                )
            if time.monotonic() > deadline:
                raise JvmError(f"Spark's JVM did not start within {_START_SECONDS:.0f} seconds")
            time.sleep(0.02)
        port, length = struct.unpack("!ii", (content := connection.read_bytes())[:8])
        secret = content[8 : 8 + length].decode()
        connection.unlink()
        self._client: Any = ClientServer(  # type: ignore[no-untyped-call]
            JavaParameters(port=port, auth_token=secret),  # type: ignore[no-untyped-call]
            PythonParameters(port=0, eager_load=False),  # type: ignore[no-untyped-call]
        )
        self._properties = self._ask(lambda jvm: jvm.java.lang.System.getProperties().clone())

    def _ask(self, question: Callable[[Any], Result]) -> Result:
        return self._control.submit(question, self._client.jvm).result(_ANSWER_SECONDS)

    def _open(self, jvm: Any, properties: Mapping[str, str]) -> dict[str, str]:
        for name, value in properties.items():  # as spark-submit hands over settings
            jvm.java.lang.System.setProperty(name, value)
        self._given = list(properties)
        self._gateway = jvm.org.apache.spark.api.python.Py4JServer(jvm.org.apache.spark.SparkConf())
        self._gateway.start()
        return {
            "PYSPARK_GATEWAY_PORT": str(self._gateway.getListeningPort()),
            "PYSPARK_GATEWAY_SECRET": self._gateway.secret(),
        }

    def _settle(self, jvm: Any) -> bool:
        _require_running(jvm)
        self._gateway.shutdown()
        self._gateway = None
        context = _object(jvm, "org.apache.spark.SparkContext").getActive()
        if context.isDefined():
            context.get().stop()
        jvm.org.apache.spark.sql.classic.SparkSession.clearActiveSession()
        jvm.org.apache.spark.sql.classic.SparkSession.clearDefaultSession()
        jvm.org.apache.hadoop.fs.FileSystem.closeAll()
        _object(jvm, "org.apache.spark.util.Utils").clearLocalRootDirs()
        _object(jvm, "org.apache.spark.util.Utils").setLogLevel(jvm.org.apache.logging.log4j.Level.INFO)
        system = jvm.java.lang.System
        for name in self._given:
            before = self._properties.getProperty(name)
            if before is None:
                system.clearProperty(name)
            else:
                system.setProperty(name, before)
        for directory in (self._work, self._temporary):
            for path in directory.iterdir():
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
        clean = self._baseline is None or self._is_as_before(jvm, self._baseline)
        _require_running(jvm)
        return clean

    def _is_as_before(self, jvm: Any, before: dict[str, Any]) -> bool:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while (now := self._difference(jvm, before)) and time.monotonic() < deadline:
            time.sleep(0.05)
        if now:
            print(f"Spark's JVM is thrown away, a run has changed it: {now}", file=sys.stderr, flush=True)
        return not now

    def _difference(self, jvm: Any, before: dict[str, Any]) -> str:
        """What is not as it was, in words; empty if nothing is."""
        now = _state(jvm)
        different = [name for name in _JVM_WIDE if now["wide"][name] != before["wide"][name]]
        if not now["properties"].equals(before["properties"]):
            different.append("system properties")
        if now["children"] != before["children"]:
            different.append("child processes")
        different += [
            f"thread {thread.getName()}"
            for number, thread in now["threads"].items()
            if number not in before["threads"] and not _is_harmless(thread)
        ]
        memory = jvm.java.lang.Runtime.getRuntime()
        if _used(memory) > 0.5:
            jvm.java.lang.System.gc()
            if _used(memory) > 0.5:
                different.append("half of the memory is in use")
        return ", ".join(different)

    def _drain(self) -> None:
        """Wait until all that the JVM has put out has been handed over."""
        marks = [secrets.token_hex(16) for _ in range(2)]
        self._marks = {mark: threading.Event() for mark in marks}

        def put_out(jvm: Any) -> None:
            jvm.java.lang.System.out.println(marks[0])
            jvm.java.lang.System.err.println(marks[1])

        self._ask(put_out)
        for mark in self._marks.values():
            if not mark.wait(_ANSWER_SECONDS):
                raise TimeoutError("the JVM's output does not come")

    def _on_line(self, stream: int, line: str) -> None:
        if mark := self._marks.get(line):
            mark.set()
            return
        self._last_lines.append(line)
        if sinks := self._sinks:
            sinks[stream](line)


def _state(jvm: Any) -> dict[str, Any]:
    """What a run may change in a JVM, beside what `settle` resets."""

    def wide(name: str) -> str:
        value = functools.reduce(getattr, name.split("."), jvm)()
        if name.endswith("getProviders"):
            return ", ".join(str(provider.toString()) for provider in value)
        return str(jvm.java.util.Objects.toString(value))

    return {
        "wide": {name: wide(name) for name in _JVM_WIDE},
        "properties": jvm.java.lang.System.getProperties().clone(),
        "children": jvm.java.lang.ProcessHandle.current().descendants().count(),
        "threads": {thread.getId(): thread for thread in jvm.java.lang.Thread.getAllStackTraces().keySet()},
    }


def _require_running(jvm: Any) -> None:
    """Raise `JvmError` if the JVM is about to exit: it answers until then."""
    if _object(jvm, "org.apache.spark.util.ShutdownHookManager").inShutdown():
        raise JvmError("the JVM is shutting down")


def _is_harmless(thread: Any) -> bool:
    stack = " ".join(str(frame.toString()) for frame in thread.getStackTrace())
    if not thread.isAlive() or any(place in stack for place in _LEFT_BY_SPARK):
        return True
    if _CONNECTION in stack:
        # A connection of the pool's own waits, asks this, or forgets objects. Those of the run's gateway
        # have been closed: one that still is in a command is at the run's work.
        return (
            "py4j.commands." not in stack
            or any(f"py4j.commands.{own}" in stack for own in _OWN_COMMANDS)
            or bool(thread.equals(thread.currentThread()))
        )
    return thread.getName().startswith(_EVENT_LOOPS) and "io.netty." in stack


def _used(memory: Any) -> float:
    """The share of the heap that is in use."""
    return float((memory.totalMemory() - memory.freeMemory()) / memory.maxMemory())


def _object(jvm: Any, name: str) -> Any:
    """An object of Scala."""
    return getattr(functools.reduce(getattr, f"{name}$".split("."), jvm), "MODULE$")


class Pool:
    """The JVMs of one server.

    Args:
        folder: For the JVMs' own folders. What another server has left there is deleted.
        environment: Gives the environment variables of a JVM.
    """

    def __init__(self, folder: Path, environment: Callable[[], Mapping[str, str]]):
        shutil.rmtree(folder, ignore_errors=True)
        self._folder, self._environment = folder, environment
        self._changed = threading.Condition()
        self._idle: dict[Jvm, threading.Timer] = {}  # with what ends it
        self._busy: set[Jvm] = set()
        self._warming = False
        self._waiting = 0
        self._failures: list[JvmError] = []

    def warm(self) -> None:
        """Have a JVM ready soon, if there is none."""
        with self._changed:
            if not self._idle and not self._busy and not self._warming:
                self._start_warming()

    def take(self, cancelled: threading.Event) -> Jvm | None:
        """A warm JVM for one run; `give_back` it. None if the run is cancelled while it waits.

        Raises:
            JvmError: There is none, and none can be started.
        """
        with self._changed:
            self._waiting += 1
            try:
                while not cancelled.is_set():
                    if self._idle:
                        jvm, timer = self._idle.popitem()  # the last one used
                        timer.cancel()
                        if jvm.exit_status is None:
                            self._busy.add(jvm)
                            return jvm
                        threading.Thread(target=jvm.end, daemon=True).start()
                        continue
                    if self._failures:
                        raise self._failures.pop()
                    # One at a time: the first is ready sooner, and may be free before a second one is.
                    if not self._warming and len(self._busy) < MOST:
                        self._start_warming()
                    self._changed.wait(0.2)
                return None
            finally:
                self._waiting -= 1

    def start(self, environment: Mapping[str, str], settings: Mapping[str, str]) -> Jvm:
        """A JVM for a run whose settings no other can have; it is ended after it.

        Raises:
            JvmError: It cannot be started.
        """
        jvm = Jvm(self._new_folder(), environment, settings)
        with self._changed:
            self._busy.add(jvm)
        return jvm

    def give_back(self, jvm: Jvm, *, clean: bool) -> None:
        """End the use of a JVM that was taken or started; it is used again only if it is clean."""
        with self._changed:
            self._busy.remove(jvm)
            keeps = clean and len(self._idle) < MOST_IDLE
            if keeps:
                self._keep(jvm)
            elif not clean and not self._idle and not self._warming:
                self._start_warming()  # the next run shall not wait for long
            self._changed.notify_all()
        if not keeps:
            jvm.end()

    def _keep(self, jvm: Jvm) -> None:
        timer = threading.Timer(IDLE_SECONDS, self._retire, [jvm])
        timer.daemon = True
        self._idle[jvm] = timer
        timer.start()

    def _retire(self, jvm: Jvm) -> None:
        with self._changed:
            # A run may have taken it, and given it back, while the timer went off.
            if self._idle.get(jvm) is not threading.current_thread():
                return
            del self._idle[jvm]
        jvm.end()

    def _start_warming(self) -> None:
        self._warming = True
        threading.Thread(target=self._warm_one, daemon=True, name="warm Spark").start()

    def _warm_one(self) -> None:
        jvm, failure = None, None
        try:
            jvm = Jvm(self._new_folder(), self._environment(), {})
            warm_up(jvm, self._folder, self._environment(), lambda: self._waiting > 0)
        except Exception as error:
            failure = error if isinstance(error, JvmError) else JvmError(f"Spark did not start: {error!r}")
            if jvm:
                jvm.end()
        with self._changed:
            self._warming = False
            if failure:
                print(failure, file=sys.stderr, flush=True)
                self._failures = [failure] * self._waiting
            elif jvm:
                self._keep(jvm)
            self._changed.notify_all()

    def _new_folder(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="jvm-", dir=self._folder))


def warm_up(jvm: Jvm, directory: Path, environment: Mapping[str, str], is_wanted: Callable[[], bool]) -> None:
    """Have a new JVM do what jobs do, on made-up rows, and take that for its baseline.

    As soon as the JVM is wanted the rest is left out, so that no run waits for it.

    Raises:
        JvmError: It cannot.
    """
    with tempfile.TemporaryDirectory(prefix="warm-up-", dir=directory) as folder:
        scratch, lines = Path(folder), deque[str](maxlen=40)
        bucket = scratch / "bucket"
        bucket.mkdir()
        settings = spark.settings("warm-up", buckets={"warm-up": bucket}, scratch=scratch, given={})
        attach = jvm.open(settings, scratch, lines.append, lines.append)
        process = Leashed(
            [sys.executable, "-P", str(_WARM_UP)],
            {**environment, **attach},
            scratch,
            lines.append,
            lines.append,
        )
        status, deadline = None, time.monotonic() + _START_SECONDS
        while status is None:
            try:
                status = process.wait(0.1)
            except TimeoutError:
                if is_wanted():
                    (scratch / "wanted").touch()  # the script looks for it between its steps
                if time.monotonic() > deadline:
                    process.end()
        if not jvm.settle() or status:
            raise JvmError(f"Spark's warm-up failed with exit code {status}: " + " | ".join(lines)[-2000:])
        jvm.take_baseline()
