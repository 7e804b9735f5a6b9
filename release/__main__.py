"""The command line: `package`, and for an environment `plan`, `deploy`, `rollback` and `smoke`.

python -m release package
scripts/terraform dev output -json | python -m release deploy --outputs -
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from release import deployment, packaging, smoke
from release.errors import ReleaseError
from release.manifest import open_folder
from release.outputs import Outputs

_ABOUT = {
    "plan": "say what deploy would change",
    "deploy": "deploy the package",
    "rollback": "deploy the release that was live before the current one",
    "smoke": "check the deployed environment, and run the daily DAG once",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m release", description="Ships the lake to AWS.")
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("package", help="build the package")
    packing.add_argument("--output", type=Path, default=Path("dist"), help="its folder (default dist)")
    for name, about in _ABOUT.items():
        command = commands.add_parser(name, help=about)
        command.add_argument(
            "--outputs", required=True, help="what terraform output -json has printed: a file, or - for stdin"
        )
        if name in ("plan", "deploy"):
            command.add_argument(
                "--package", type=Path, default=Path("dist"), help="its folder (default dist)"
            )
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "package":
            manifest = packaging.build(arguments.output)
            size = sum(file.size for file in manifest.files)
            say(f"{arguments.output}: release {manifest.id}, {len(manifest.files)} files, {size:,} bytes")
            return 0
        outputs = Outputs.parse(_read(arguments.outputs))
        target = deployment.Target.of(outputs, say)
        if arguments.command == "plan":
            deployment.show(open_folder(arguments.package), target)
        elif arguments.command == "deploy":
            deployment.deploy(open_folder(arguments.package), target)
        elif arguments.command == "rollback":
            deployment.roll_back(target)
        else:
            smoke.smoke(target)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"AWS: {error}\nCheck the credentials and the region, then do it again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. What was begun is completed by doing it again.", file=sys.stderr)
        return 130
    return 0


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def _read(name: str) -> str:
    if name == "-":
        return sys.stdin.read()
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise ReleaseError(f"--outputs {name} cannot be read: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main())
