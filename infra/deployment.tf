# A role for GitHub Actions, so that a workflow deploys without a long-lived key.

locals {
  github = "token.actions.githubusercontent.com"
  github_provider_arn = try(coalesce(
    var.github_actions.oidc_provider_arn, one(aws_iam_openid_connect_provider.github[*].arn),
  ), null)
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.github_actions == null ? 0 : var.github_actions.oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "deploy" {
  count = var.github_actions == null ? 0 : 1

  name        = "${local.name}-deploy"
  description = "Deploys the crypto lake's package to ${var.environment}, from GitHub Actions"

  max_session_duration = 7200 # seconds: a deployment may wait for MWAA for more than an hour

  assume_role_policy = templatefile("${path.module}/policies/trust/github.json", {
    provider_arn = local.github_provider_arn
    provider     = local.github
    repository   = var.github_actions.repository
    environment  = var.environment
  })
}

resource "aws_iam_role_policy" "deploy" {
  count = var.github_actions == null ? 0 : 1

  role   = aws_iam_role.deploy[0].name
  name   = "deploy"
  policy = templatefile("${path.module}/policies/deploy.json", local.policy_values)
}
