"""Deploying to an environment and rolling back, on the local AWS, with every object read back."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import boto3
import pytest

from release import deployment, history
from release.errors import ReleaseError
from release.manifest import Package
from tests.release.conftest import Deployed, InterruptedDeploymentError, contents, dying_after, package

pytestmark = pytest.mark.clock


def versions(environment: Deployed) -> dict[str, str]:
    """The S3 version of each object of the dags bucket, the history's and the kept packages' too."""
    found = boto3.client("s3").list_object_versions(Bucket=environment.outputs.dags_bucket)
    return {entry["Key"]: entry["VersionId"] for entry in found["Versions"] if entry["IsLatest"]}


def test_the_first_deployment_puts_everything_where_it_belongs(environment: Deployed) -> None:
    first = package()
    said = environment.deploy(first)
    assert environment.objects() == contents(first)
    page = boto3.client("s3").head_object(Bucket=environment.outputs.website_bucket, Key="index.html")
    assert (page["ContentType"], page["CacheControl"]) == ("text/plain", "max-age=60")
    assert f"Release {first.manifest.id} is live." in said
    assert "  + dags/daily.py" in said


def test_a_deployment_without_a_change_does_nothing(environment: Deployed) -> None:
    environment.deploy(package())
    before = versions(environment)
    said = environment.deploy(package())
    assert versions(environment) == before
    assert f"s3://{environment.outputs.lake_bucket}: nothing to change" in said
    assert said[-1] == f"Release {package().manifest.id} is live already: there is nothing to do."


def test_a_plan_says_what_would_change_and_changes_nothing(environment: Deployed) -> None:
    environment.deploy(package(extra="1"))
    before, there = versions(environment), environment.objects()
    environment.said.clear()
    deployment.show(package(dag="2", page="2"), environment.target)
    changes = [line for line in environment.said if line.startswith("  ")]
    assert changes == [
        "  + assets/page.2.js",
        "  ~ index.html",
        "  ~ dags/daily.py",
        "  - dags/include/extra.py",
    ]
    assert (versions(environment), environment.objects()) == (before, there)


def test_only_what_has_changed_is_written(environment: Deployed) -> None:
    environment.deploy(package())
    before = versions(environment)
    environment.deploy(package(dag="2"))
    after = versions(environment)
    changed = {key for key in after if not key.startswith("releases/") and after[key] != before[key]}
    assert changed == {"dags/daily.py"}


def test_what_somebody_changed_by_hand_is_put_right(environment: Deployed) -> None:
    environment.deploy(package())
    environment.put("dags", "dags/daily.py", b"mended by hand")
    environment.deploy(package())
    assert environment.objects() == contents(package())


def test_what_no_release_has_put_there_stays(environment: Deployed) -> None:
    foreign = {
        "dags/somebody_elses.py": b"their DAG",
        "data/top10_cryptos.json": b"the pipeline's",
        "raw/prices.csv": b"a file",
    }
    for bucket, (key, body) in zip(("dags", "website", "lake"), foreign.items(), strict=True):
        environment.put(bucket, key, body)
    environment.deploy(package(extra="1"))
    environment.deploy(package())
    assert environment.objects() == contents(package()) | foreign


def test_what_is_in_the_way_is_named_and_not_overwritten(environment: Deployed) -> None:
    environment.put("dags", "plugins.zip", b"somebody else's plugins")
    with pytest.raises(ReleaseError, match=r"plugins\.zip: no release has put that there"):
        environment.deploy(package())
    assert environment.objects() == {"plugins.zip": b"somebody else's plugins"}


def test_a_page_that_is_still_cached_finds_its_assets_for_one_release(environment: Deployed) -> None:
    for page in "123":
        environment.deploy(package(page=page))
    assets = {key for key in environment.objects("website") if key.startswith("assets/")}
    assert assets == {"assets/page.2.js", "assets/page.3.js"}


def test_a_rollback_brings_back_the_release_before_and_can_be_rolled_back(environment: Deployed) -> None:
    first = package(extra="1")
    second = package(dag="2", include="2", page="2", glue="2", plugins="2")
    environment.deploy(first)
    environment.deploy(second)
    kept = {f"assets/page.{n}.js": f"asset {n}".encode() for n in "12"}
    kept |= {f"src/glue_scripts/{n}/job.py": f"job {n}".encode() for n in "12"}

    environment.roll_back()
    assert environment.objects() == contents(first) | kept
    environment.roll_back()
    assert environment.objects() == contents(second) | kept


def test_without_an_earlier_release_there_is_nothing_to_roll_back_to(environment: Deployed) -> None:
    with pytest.raises(ReleaseError, match="this environment has had none"):
        environment.roll_back()
    environment.deploy(package())
    with pytest.raises(ReleaseError, match=f"had one, {package().manifest.id}"):
        environment.roll_back()


def test_a_rollback_after_a_failed_deployment_brings_back_what_worked(environment: Deployed) -> None:
    environment.deploy(package())
    with pytest.raises(InterruptedDeploymentError):
        deployment.deploy(package(dag="2", page="2"), dying_after(12, environment.target))
    environment.roll_back()
    assert {k: v for k, v in environment.objects().items() if k != "assets/page.2.js"} == contents(package())


# 9 writes keep the package, the tenth begins the history's entry, the 18th ends it.
@pytest.mark.parametrize("writes", [4, 9, 10, 11, 12, 13, 14, 15, 16])
def test_wherever_a_deployment_dies_nobody_meets_a_half_and_it_can_be_repeated(
    environment: Deployed, writes: int
) -> None:
    old, new = package(extra="1"), package(dag="2", include="2", page="2", glue="2", plugins="2")
    environment.deploy(old)
    with pytest.raises(InterruptedDeploymentError):
        deployment.deploy(new, dying_after(writes, environment.target))

    there = environment.objects()
    assert there["index.html"].decode().removeprefix("page with ") in there
    if there["dags/daily.py"] == contents(new)["dags/daily.py"]:
        assert there["dags/include/module.py"] == b"module 2"
        assert there["src/glue_scripts/2/job.py"] == b"job 2"
        assert there["plugins.zip"] == b"plugins 2"
    else:
        assert "dags/include/extra.py" in there

    environment.deploy(new)
    kept = ("assets/page.1.js", "src/glue_scripts/1/job.py")
    assert {key: body for key, body in environment.objects().items() if key not in kept} == contents(new)


def test_scripts_of_the_release_before_stay_for_runs_that_have_just_started(environment: Deployed) -> None:
    for glue in "123":
        environment.deploy(package(glue=glue, dag=glue))
    assert environment.objects("lake") == {
        f"src/glue_scripts/{glue}/job.py": f"job {glue}".encode() for glue in "23"
    }
    environment.roll_back()
    there = environment.objects()
    assert there["dags/daily.py"] == b"import include 1 in 2"
    assert there["src/glue_scripts/2/job.py"] == b"job 2"


def test_of_two_deployments_at_once_one_is_refused(environment: Deployed) -> None:
    """The second begins and ends after the first has made its plan, and before it writes."""
    first, second = package(dag="first"), package(dag="second")
    target, others = environment.target, Deployed(environment.outputs)

    def meanwhile(**_: Any) -> None:
        target.s3.meta.events.unregister("before-call.s3.PutObject", meanwhile)
        other = threading.Thread(target=others.deploy, args=(second,))
        other.start()
        other.join()

    target.s3.meta.events.register("before-call.s3.PutObject", meanwhile)
    with pytest.raises(ReleaseError, match="Another deployment has begun meanwhile"):
        deployment.deploy(first, target)
    assert environment.objects() == contents(second)


def test_while_a_deployment_is_going_another_is_refused_until_the_first_is_dead(
    environment: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(environment, package())
    with pytest.raises(ReleaseError, match=r"Another deployment is going: arn:aws:\S+ began to deploy"):
        environment.deploy(package(dag="2"))
    assert environment.objects() == {}

    monkeypatch.setattr(history, "LEASE", timedelta(0))
    environment.deploy(package(dag="2"))
    assert environment.objects() == contents(package(dag="2"))


def test_a_deployment_that_was_taken_over_notices(
    environment: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep = begin(environment, package())
    monkeypatch.setattr(history, "LEASE", timedelta(0))
    environment.deploy(package(dag="2"))
    with pytest.raises(ReleaseError, match="Another deployment has begun meanwhile"):
        asleep.renew()


def begin(environment: Deployed, what: Package) -> history.Claim:
    """Begin a deployment that never ends, as one does whose machine has lost its power."""
    s3, bucket = boto3.client("s3"), environment.outputs.dags_bucket
    entry = history.Entry(what.manifest.id, "1.0", "deploy", "arn:aws:iam::1:user/me", history.now())
    return history.begin(s3, bucket, history.load(s3, bucket), entry, frozenset())


def test_an_environment_that_is_not_there_is_named(environment: Deployed) -> None:
    boto3.client("s3").delete_bucket(Bucket=environment.outputs.dags_bucket)
    with pytest.raises(ReleaseError, match=rf"s3://{environment.outputs.dags_bucket} does not exist: apply"):
        environment.deploy(package())


def test_a_kept_package_that_was_tampered_with_is_not_deployed(environment: Deployed) -> None:
    environment.deploy(package())
    environment.deploy(package(dag="2"))
    key = f"releases/{package().manifest.id}/dags/dags/daily.py"
    environment.put("dags", key, b"something else")
    with pytest.raises(ReleaseError, match=r"daily\.py is not what manifest\.json says"):
        environment.roll_back()
    assert environment.objects("dags")["dags/daily.py"] == contents(package(dag="2"))["dags/daily.py"]


def test_an_earlier_release_that_somebody_tidied_away_holds_up_nothing(environment: Deployed) -> None:
    environment.deploy(package(page="1"))
    s3, bucket = boto3.client("s3"), environment.outputs.dags_bucket
    for entry in s3.list_objects_v2(Bucket=bucket, Prefix="releases/")["Contents"]:
        if not entry["Key"].endswith("history.json"):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])
    said = environment.deploy(package(page="2"))
    assert any("not kept" in line for line in said)
    assert environment.objects() == contents(package(page="2"))
