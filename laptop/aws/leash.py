"""Run a command that cannot outlive the process that started it.

Run as a script, this file starts the command it is given in its own process group and ends the whole group
as soon as its standard input closes: that happens however the parent ends, `kill -9` included. `Leashed` is
the parent's side. Only the standard library is used, so that the script starts in a few milliseconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

_GRACE = 5.0  # seconds from SIGTERM to SIGKILL
_OPEN, _EMPTY = "open", "empty"  # the command's standard input


class Leashed:
    """A running command, its output handed over line by line.

    Args:
        command: The program and its arguments.
        environment: All of its environment variables.
        directory: Its working directory.
        on_output: Called from a thread with each line of standard output, without the line break.
        on_error: The same for standard error; without it, both are one stream, in order.
        open_stdin: The command's standard input is open, and empty, until this process ends.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        directory: Path,
        on_output: Callable[[str], None],
        on_error: Callable[[str], None] | None = None,
        *,
        open_stdin: bool = False,
    ):
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, _OPEN if open_stdin else _EMPTY, *command],
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if on_error else subprocess.STDOUT,
            start_new_session=True,
        )
        streams = ((self._process.stdout, on_output), (self._process.stderr, on_error))
        self._pumps = [
            threading.Thread(target=_forward_lines, args=(stream, receive), daemon=True)
            for stream, receive in streams
            if stream and receive
        ]
        for pump in self._pumps:
            pump.start()

    def wait(self, timeout: float) -> int:
        """The exit status, once the command ended and all its output was handed over.

        Raises:
            TimeoutError: It was still running after `timeout` seconds; `end` it.
        """
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"still running after {timeout} seconds") from None
        self._signal_group(signal.SIGKILL)  # whatever the command left behind in its group
        for pump in self._pumps:
            pump.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
        return status

    def poll(self) -> int | None:
        """The exit status; None while the command runs."""
        return self._process.poll()

    def end(self) -> None:
        """End the command and everything it started; returns when it has ended."""
        self._signal_group(signal.SIGTERM)
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._signal_group(signal.SIGKILL)
            self._process.wait()

    def _signal_group(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _forward_lines(stream: IO[bytes], receive: Callable[[str], None]) -> None:
    for line in stream:
        receive(line.decode(errors="replace").rstrip("\r\n"))


def _end_group_with_parent() -> None:
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


def main(command: Sequence[str]) -> int:
    """Run a command until it, or the parent process, ends; returns the command's exit status.

    Args:
        command: What its standard input is (`_OPEN` or `_EMPTY`), the program, and its arguments.
    """
    signal.signal(signal.SIGTERM, lambda *_: None)  # it is meant for the command, which gets it too
    stdin = subprocess.PIPE if command[0] == _OPEN else subprocess.DEVNULL
    child = subprocess.Popen(command[1:], stdin=stdin)
    threading.Thread(target=_end_group_with_parent, daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # the thread still waits for the parent
