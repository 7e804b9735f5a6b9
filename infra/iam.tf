# One role per actor. What each may do is in policies/, as JSON documents with placeholders; a statement whose
# resource is "*" says in its Sid that AWS knows no resource there.

locals {
  policy_values = {
    lake_bucket    = local.lake_bucket
    website_bucket = local.website_bucket
    dags_bucket    = local.dags_bucket
    region         = var.region
    account_id     = var.account_id
    mwaa_name      = local.mwaa_name
    mwaa_role_name = local.mwaa_role_name
    environment    = var.environment
    state_bucket   = "crypto-lake-${var.environment}-terraform-${local.unique}" # bootstrap/ names it so
  }

  # Actor -> who may be it, and what it may do.
  actors = merge(
    {
      bronze_to_silver = { trust = "glue", policies = ["bronze_to_silver"] }
      silver_to_gold   = { trust = "glue", policies = ["silver_to_gold"] }
      glue_crawler     = { trust = "glue", policies = ["glue_crawler"] }
    },
    var.existing_mwaa != null ? {} : {
      mwaa_execution = { trust = "airflow", policies = ["airflow_environment", "airflow_tasks"] }
    },
  )
  actor_policies = merge([
    for actor, is in local.actors : { for policy in is.policies : "${actor}/${policy}" => { actor = actor, policy = policy } }
  ]...)
}

resource "aws_iam_role" "actor" {
  for_each = local.actors

  name               = local.role_names[each.key]
  description        = "The crypto lake's ${replace(each.key, "_", " ")}, ${var.environment}"
  assume_role_policy = templatefile("${path.module}/policies/trust/${each.value.trust}.json", local.policy_values)
}

resource "aws_iam_role_policy" "actor" {
  for_each = local.actor_policies

  role   = aws_iam_role.actor[each.value.actor].name
  name   = each.value.policy
  policy = templatefile("${path.module}/policies/${each.value.policy}.json", local.policy_values)
}

# An MWAA environment that is there already has its own role, which its owner made.
resource "aws_iam_role_policy" "existing_mwaa" {
  count = var.existing_mwaa == null ? 0 : 1

  role   = local.mwaa_role_name
  name   = "crypto-lake-airflow-tasks"
  policy = templatefile("${path.module}/policies/airflow_tasks.json", local.policy_values)
}
