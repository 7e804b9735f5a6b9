"""The command line: `python -m laptop.lake serve` and `python -m laptop.lake deploy`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from laptop.aws.server import ServeError, serve
from laptop.lake.deployment import deploy


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m laptop.lake", description="AWS on a laptop.")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="answer AWS requests until SIGTERM or Ctrl-C")
    serving.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    serving.add_argument("--port", type=int, default=5055, help="the port, 0 for a free one (default 5055)")
    serving.add_argument("--website-port", type=int, help="the website's port (default: the next one)")
    serving.add_argument("--deploy", action="store_true", help="deploy first, as the other command does")
    serving.add_argument("--state", type=Path, default=Path(".local/aws"), help="where everything is kept")
    deploying = commands.add_parser("deploy", help="create or update what include/resources declares")
    deploying.add_argument("--endpoint", required=True, help="the endpoint URL of a running server")
    arguments = parser.parse_args(argv)
    if arguments.command == "deploy":
        deploy(arguments.endpoint)
        return 0
    try:
        serve(
            arguments.state,
            arguments.host,
            arguments.port,
            arguments.website_port,
            deploys=arguments.deploy,
        )
    except ServeError as error:
        print(f"the local AWS: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
