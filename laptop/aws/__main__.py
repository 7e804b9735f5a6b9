"""The command line: `python -m laptop.aws serve`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from laptop.aws.server import ServeError, serve


def add_serve_options(parser: argparse.ArgumentParser) -> None:
    """What every command line that serves takes, as `laptop.aws.process` gives it."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=5055, help="the port, 0 for a free one (default 5055)")
    parser.add_argument("--state", type=Path, default=Path(".local/aws"), help="where everything is kept")
    parser.add_argument(
        "--key-file", type=Path, help="the key that requests must be signed with (default: in the state)"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name of this machine by which clients reach it, beside the loopback ones; may be repeated",
    )


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m laptop.aws", description="AWS on a laptop.")
    commands = parser.add_subparsers(dest="command", required=True)
    add_serve_options(commands.add_parser("serve", help="answer AWS requests until SIGTERM or Ctrl-C"))
    arguments = parser.parse_args(argv)
    try:
        serve(
            arguments.state,
            arguments.host,
            arguments.port,
            key_file=arguments.key_file,
            hosts=arguments.allow_host,
        )
    except ServeError as error:
        print(f"the local AWS: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
