"""What Terraform makes on `local_aws`: it is what `include/resources` says, and it goes again."""

from __future__ import annotations

from tests.infra.conftest import Terraform


def test_a_second_plan_is_empty(environment_made: Terraform) -> None:
    plan = environment_made("plan", "-detailed-exitcode", "-no-color")
    assert plan.returncode == 0, plan.stdout[-6000:] + plan.stderr[-3000:]
