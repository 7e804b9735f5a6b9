# What an environment is made of, made by a mock of the provider.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
  mock_resource "aws_cloudfront_distribution" {
    defaults = {
      arn         = "arn:aws:cloudfront::111122223333:distribution/E1"
      domain_name = "d1.cloudfront.net"
    }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:111122223333:crypto-lake-alerts" }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/made" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:us-east-1:111122223333:certificate/1"
      domain_validation_options = [{
        domain_name           = "crypto.example.org"
        resource_record_name  = "_1.crypto.example.org"
        resource_record_type  = "CNAME"
        resource_record_value = "_1.acm-validations.aws"
      }]
    }
  }
}

variables {
  environment = "dev"
  account_id  = "111122223333"
  region      = "eu-central-1"
}

run "docs_url" {
  variables { docs_url = "https://docs.example/lake" }
  assert {
    condition     = output.airflow_configuration_options["crypto_lake.docs_url"] == "https://docs.example/lake"
    error_message = "Airflow does not know where the docs are."
  }
}

run "dev" {
  assert {
    condition     = output.lake_bucket == "crypto-lake-dev-lake-111122223333-eu-central-1"
    error_message = "The lake's bucket is ${output.lake_bucket}."
  }
  assert {
    condition     = length(module.mwaa) == 1 && output.mwaa_execution_role_arn == "arn:aws:iam::111122223333:role/crypto-lake-dev-airflow"
    error_message = "Without further settings an environment has an MWAA environment with a role of its own."
  }
  assert {
    condition     = output.dashboard_url == "https://d1.cloudfront.net" && output.airflow_configuration_options["crypto_lake.dashboard_url"] == output.dashboard_url
    error_message = "Airflow does not know the dashboard's address."
  }
  assert {
    condition     = sort(keys(jsondecode(aws_secretsmanager_secret_version.settings.secret_string))) == tolist(["alert_topic_arn", "bucket", "website_bucket"])
    error_message = "The lake's settings hold what nobody gave."
  }
  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      strcontains(alarm.alarm_description, "docs/operations.md") && alarm.alarm_actions == toset([aws_sns_topic.alerts.arn])
    ])
    error_message = "An alarm tells nobody, or not what to do."
  }
  assert {
    condition = alltrue([
      for target in aws_cloudwatch_event_target.glue :
      length(setsubtract(values(one(target.input_transformer).input_paths), ["$.detail.jobName", "$.detail.jobRunId", "$.detail.state", "$.detail.crawlerName"])) == 0
    ])
    error_message = "EventBridge does not escape what it puts into a template: a text of Glue's own, with a quote in it, would lose the alert."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_sns_topic_policy.alerts.policy).Statement :
      !can(statement.Condition) if try(statement.Principal.Service, "") == "events.amazonaws.com"
    ])
    error_message = "EventBridge sends to no topic whose policy sets it a condition."
  }
  assert {
    condition = { for name, group in aws_cloudwatch_log_group.glue_jobs : name => group.retention_in_days } == {
      "/crypto-lake/glue-jobs/error"  = 90
      "/crypto-lake/glue-jobs/output" = 90
    }
    error_message = "Glue's logs would be kept indefinitely."
  }
  assert {
    condition = alltrue([
      for job in aws_glue_job.declared :
      strcontains(job.default_arguments["--conf"], "spark.hadoop.fs.s3a.endpoint.region=eu-central-1")
    ])
    error_message = "S3A would look for the buckets in another region first."
  }
  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.this), "Scheduler without heartbeat")
    error_message = "Nobody would notice that Airflow has stopped."
  }
}

run "another_environment_has_other_buckets_and_roles" {
  variables {
    environment        = "production"
    monthly_budget_usd = 300
  }

  assert {
    condition     = length(setintersection([output.lake_bucket, output.website_bucket, output.dags_bucket, output.mwaa_execution_role_arn], [run.dev.lake_bucket, run.dev.website_bucket, run.dev.dags_bucket, run.dev.mwaa_execution_role_arn])) == 0
    error_message = "Two environments would fight for the same bucket or role."
  }
  assert {
    condition     = alltrue([for name in [output.lake_bucket, output.website_bucket, output.dags_bucket] : length(name) <= 63])
    error_message = "S3 takes 63 characters at most."
  }
  assert {
    condition     = aws_budgets_budget.month[0].name == "crypto-lake-production-budget"
    error_message = "Budgets belong to the account: two environments in it need two names."
  }
}

run "without_mwaa_there_is_no_network_and_no_alarm_on_it" {
  variables {
    mwaa = null
  }

  assert {
    condition     = length(module.mwaa) == 0 && output.mwaa_environment_name == null
    error_message = "mwaa = null made one."
  }
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "Scheduler without heartbeat")
    error_message = "An alarm waits for an environment that does not exist."
  }
  assert {
    condition     = output.dags_bucket == "crypto-lake-dev-airflow-111122223333-eu-central-1"
    error_message = "The DAGs have no bucket."
  }
}

run "an_existing_mwaa_gets_the_lakes_permissions_and_nothing_else_is_made_for_it" {
  variables {
    mwaa = null
    existing_mwaa = {
      name                = "the-teams-airflow"
      execution_role_name = "the-teams-role"
      dags_bucket         = "the-teams-dags"
    }
  }

  assert {
    condition     = aws_iam_role_policy.existing_mwaa[0].role == "the-teams-role" && !contains(keys(aws_iam_role.actor), "mwaa_execution")
    error_message = "The existing role lacks the lake's permissions, or a second one is made."
  }
  assert {
    condition     = length(module.mwaa) == 0 && length(module.dags_bucket) == 0 && output.dags_bucket == "the-teams-dags"
    error_message = "Something is made that is there already."
  }
  assert {
    condition     = output.mwaa_environment_name == "the-teams-airflow" && output.mwaa_execution_role_arn == "arn:aws:iam::111122223333:role/the-teams-role"
    error_message = "The outputs do not name the existing environment."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["Tasks wait"].dimensions["Environment"] == "the-teams-airflow"
    error_message = "The alarms do not look at the existing environment."
  }
}

run "a_domain_of_ones_own" {
  variables {
    mwaa   = null
    domain = { name = "crypto.example.org", hosted_zone_id = "Z1" }
  }

  assert {
    condition     = output.dashboard_url == "https://crypto.example.org" && aws_cloudfront_distribution.website.aliases == toset(["crypto.example.org"])
    error_message = "The dashboard does not answer under its own name."
  }
  assert {
    condition     = one(aws_cloudfront_distribution.website.viewer_certificate).minimum_protocol_version == "TLSv1.2_2021" && one(aws_cloudfront_distribution.website.viewer_certificate).cloudfront_default_certificate == false
    error_message = "The dashboard is served with an old TLS, or without its certificate."
  }
  assert {
    condition     = toset(keys(aws_route53_record.website)) == toset(["A", "AAAA"])
    error_message = "The name has no addresses."
  }
}

run "mail_and_budget" {
  variables {
    mwaa               = null
    alert_email        = "somebody@example.org"
    monthly_budget_usd = 300
  }

  assert {
    condition     = aws_sns_topic_subscription.mail[0].endpoint == "somebody@example.org" && aws_budgets_budget.month[0].limit_amount == "300.00"
    error_message = "Nobody hears of the alerts, or the budget has another limit."
  }
}

run "the_lakes_settings_hold_what_was_given" {
  variables {
    mwaa     = null
    coins    = 500
    currency = "eur"
  }

  assert {
    condition     = jsondecode(aws_secretsmanager_secret_version.settings.secret_string).coins == 500 && jsondecode(aws_secretsmanager_secret_version.settings.secret_string).currency == "eur"
    error_message = "Airflow reads other settings than were given."
  }
}

run "only_the_repositorys_github_environment_deploys" {
  variables {
    mwaa           = null
    github_actions = { repository = "somebody/crypto-data-lake" }
  }

  assert {
    condition = jsondecode(aws_iam_role.deploy[0].assume_role_policy).Statement[0].Condition.StringEquals == {
      "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
      "token.actions.githubusercontent.com:sub" = "repo:somebody/crypto-data-lake:environment:dev"
    }
    error_message = "Somebody else could deploy: ${aws_iam_role.deploy[0].assume_role_policy}"
  }
  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 1
    error_message = "The account does not know GitHub."
  }
}

run "an_account_that_knows_github_already" {
  variables {
    mwaa = null
    github_actions = {
      repository        = "somebody/crypto-data-lake"
      oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/there-already"
    }
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && strcontains(aws_iam_role.deploy[0].assume_role_policy, "there-already")
    error_message = "A second provider for GitHub cannot be made."
  }
}
