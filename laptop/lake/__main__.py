"""The command line: `python -m laptop.lake serve` and `python -m laptop.lake deploy`."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from laptop.aws.__main__ import add_serve_options
from laptop.aws.process import endpoint
from laptop.aws.server import ServeError, serve
from laptop.coingecko.stand_in import running_stand_in
from laptop.lake.deployment import deploy, website


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m laptop.lake", description="The lake on a laptop.")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="answer AWS requests, and serve the website beside them")
    add_serve_options(serving)
    serving.add_argument("--website-port", type=int, help="the website's port (default: the next one)")
    serving.add_argument(
        "--coingecko-port", type=int, help="also serve a made-up CoinGecko there, 0 for a free port"
    )
    serving.add_argument("--deploy", action="store_true", help="deploy first, as the other command does")
    deploying = commands.add_parser("deploy", help="create or update what include/resources declares")
    deploying.add_argument("--state", type=Path, default=Path(".local/aws"), help="of a running server")
    arguments = parser.parse_args(argv)
    if arguments.command == "deploy":
        endpoint_url = endpoint(arguments.state)
        if endpoint_url is None:
            print(f"no server serves {arguments.state}: start one first", file=sys.stderr)
            return 1
        deploy(endpoint_url)
        return 0
    try:
        with ExitStack() as stack:
            beside = {}
            if arguments.coingecko_port is not None:
                stand_in = stack.enter_context(running_stand_in("demo", port=arguments.coingecko_port))
                beside["coingecko_url"] = stand_in.url
            serve(
                arguments.state,
                arguments.host,
                arguments.port,
                key_file=arguments.key_file,
                hosts=arguments.allow_host,
                website=website(),
                website_port=arguments.website_port,
                deploy=deploy if arguments.deploy else None,
                beside=beside,
            )
    except ServeError as error:
        print(f"the local AWS: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
