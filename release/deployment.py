"""Deploys a package to an environment, and rolls back to the release before.

The order is such that nobody meets a half: whatever is referred to is there before what refers to it, and
goes after it. So MWAA's plugins and requirements are first, and MWAA has taken them before anything else
changes; if it refuses them, everything else is as it was. S3 has no transactions: in the seconds while DAG
files are written, Airflow may read some of before and some of after.

Everything is decided by what lies in the buckets: a deployment that died is repeated like any other.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import boto3

from release import history as histories
from release import mwaa, plan
from release.errors import ReleaseError
from release.history import Claim, Entry, History
from release.manifest import File, Manifest, Package
from release.outputs import Outputs

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from release.plan import Plan


@dataclass(frozen=True)
class Target:
    """An environment and the means to reach it; `say` tells people what happens."""

    outputs: Outputs
    s3: S3Client
    mwaa: mwaa.Environment | None
    say: Callable[[str], None]

    @classmethod
    def of(cls, outputs: Outputs, say: Callable[[str], None]) -> Target:
        """The environment that Terraform describes, with the credentials that the AWS variables give."""
        name = outputs.mwaa_environment_name
        return cls(
            outputs,
            boto3.client("s3", region_name=outputs.region),
            mwaa.Environment(boto3.client("mwaa", region_name=outputs.region), name, say) if name else None,
            say,
        )


def show(package: Package, target: Target) -> None:
    """Say what deploying a package would change, and change nothing.

    Raises:
        ReleaseError: it cannot be deployed; why.
    """
    _plan(package, target, "deploy", histories.load(target.s3, target.outputs.dags_bucket))


def deploy(package: Package, target: Target, action: Literal["deploy", "rollback"] = "deploy") -> None:
    """Say what changes, and change it.

    Raises:
        ReleaseError: why it could not be done, or not to its end.
    """
    bucket = target.outputs.dags_bucket
    history = histories.load(target.s3, bucket)
    decided, update = _plan(package, target, action, history)
    manifest = package.manifest
    current = history.entries[-1] if history.entries else None
    if not (decided.put or decided.remove or update) and current == history.live and _is(current, manifest):
        target.say(f"Release {manifest.id} is live already: there is nothing to do.")
        return
    histories.keep(target.s3, bucket, package)
    entry = Entry(manifest.id, manifest.version, action, _who(target.outputs), histories.now())
    with histories.begin(target.s3, bucket, history, entry, decided.owned) as claim:
        _carry_out(decided, package, target, claim)
    target.say(f"Release {manifest.id} is live.")


def roll_back(target: Target) -> None:
    """Deploy the release that was live before the current one.

    Raises:
        ReleaseError: there is none, or it could not be deployed.
    """
    bucket = target.outputs.dags_bucket
    history = histories.load(target.s3, bucket)
    deploy(histories.open_kept(target.s3, bucket, history.to_roll_back_to()), target, "rollback")


def _plan(
    package: Package, target: Target, action: Literal["deploy", "rollback"], history: History
) -> tuple[Plan, bool]:
    """Decide and say it; gives what to change, and whether MWAA has to be updated."""
    outputs, manifest = target.outputs, package.manifest
    replaced = None
    if before := history.before(manifest.id):
        try:
            replaced = histories.open_kept(target.s3, outputs.dags_bucket, before).manifest
        except ReleaseError as error:
            target.say(f"The earlier release's page assets and Glue scripts are not kept: {error}")
    decided = plan.make(manifest, outputs, target.s3, history, replaced)
    live = f"{history.live.id} since {history.live.ended}" if history.live else "nothing yet"
    target.say(f"{action}: release {manifest.id} (version {manifest.version}). Live: {live}.")
    for line in decided.lines(outputs):
        target.say(line)
    changed = any(plan.for_mwaa(file) for file, _ in decided.put)
    if target.mwaa is None:
        target.say("MWAA: no environment yet; the files wait for it in the dags bucket")
        return decided, False
    update = target.mwaa.needs(_versions(target, manifest)) or changed
    target.say(
        f"MWAA environment {target.mwaa.name}: "
        + ("is updated first, for new plugins or requirements (20 to 30 minutes)" if update else "as it is")
    )
    return decided, update


def _carry_out(decided: Plan, package: Package, target: Target, claim: Claim) -> None:
    for file, _ in decided.put:
        if plan.for_mwaa(file):
            _put(package, file, target)
    if target.mwaa:
        target.mwaa.bring_to(_versions(target, package.manifest), claim.renew)
        claim.renew()  # what follows takes seconds
    for file, _ in decided.put:
        if not plan.for_mwaa(file):
            _put(package, file, target)
    for which, key in decided.remove:
        target.s3.delete_object(Bucket=target.outputs.bucket(which), Key=key)


def _put(package: Package, file: File, target: Target) -> None:
    optional: Any = {"CacheControl": file.cache_control} if file.cache_control else {}
    target.s3.put_object(
        Bucket=target.outputs.bucket(file.bucket),
        Key=file.key,
        Body=package.read(file),
        ContentType=file.content_type,
        # S3 checks it, and keeps it with the object: what `plan` compares with.
        ChecksumAlgorithm="SHA256",
        ChecksumSHA256=base64.b64encode(bytes.fromhex(file.sha256)).decode(),
        **optional,
    )


def _versions(target: Target, manifest: Manifest) -> Mapping[str, str | None]:
    """The current S3 version of each file that MWAA takes by its version."""
    found = plan.look(target.s3, target.outputs, (file for file in manifest.files if plan.for_mwaa(file)))
    return {key: there.version if there else None for (_, key), there in found.items()}


def _is(entry: Entry | None, manifest: Manifest) -> bool:
    return entry is not None and entry.id == manifest.id


def _who(outputs: Outputs) -> str:
    return str(boto3.client("sts", region_name=outputs.region).get_caller_identity()["Arn"])
