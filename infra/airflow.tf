# What Airflow needs: the bucket of its DAGs, the settings it reads from Secrets Manager, and, if it is to be made,
# the MWAA environment itself.

module "dags_bucket" {
  source        = "./modules/bucket"
  count         = var.existing_mwaa == null ? 1 : 0
  name          = local.dags_bucket
  keep_versions = 90 # of plugins.zip and requirements.txt, which MWAA reads by version
  force_destroy = var.deletable
}

locals {
  secrets_prefix = "crypto-lake"

  airflow_configuration_options = merge(var.docs_url == null ? {} : { "crypto_lake.docs_url" = var.docs_url }, {
    "crypto_lake.dashboard_url" = local.dashboard_url
    # Seconds between two looks at a Glue run or a crawl: the account's other programs share the API's quota.
    "crypto_lake.poll_seconds" = "10"
    # What the libraries say of their own work at every call. py.warnings is how they warn their developers.
    "logging.namespace_levels" = join(" ", [
      "airflow.dag_processing=WARNING",
      "airflow.providers.amazon=WARNING",
      "airflow.task.hooks.airflow.providers.amazon=WARNING",
      "aiobotocore=WARNING",
      "botocore=WARNING",
      "py.warnings=ERROR",
    ])
    # Seconds until a new DAG file is found. Airflow's own default is five minutes.
    "dag_processor.refresh_interval" = "60"
    "secrets.backend"                = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
    # Only these two names are ever looked up: aws_default stays the execution role.
    "secrets.backend_kwargs" = jsonencode({
      connections_prefix         = "${local.secrets_prefix}/connections"
      connections_lookup_pattern = "^coingecko_default$"
      variables_prefix           = "${local.secrets_prefix}/variables"
      variables_lookup_pattern   = "^crypto_lake$"
      config_prefix              = null
    })
  })
}

resource "aws_secretsmanager_secret" "settings" {
  #checkov:skip=CKV_AWS_149:No secret, but settings; AWS's own key serves
  #checkov:skip=CKV2_AWS_57:No secret, but settings: there is nothing to rotate
  name                    = "${local.secrets_prefix}/variables/crypto_lake"
  description             = "The Airflow Variable crypto_lake: the lake's settings. Terraform writes it."
  recovery_window_in_days = var.deletable ? 0 : 7
}

resource "aws_secretsmanager_secret_version" "settings" {
  secret_id = aws_secretsmanager_secret.settings.id

  secret_string = jsonencode({
    for key, value in {
      bucket          = local.lake_bucket
      website_bucket  = local.website_bucket
      alert_topic_arn = local.alert_topic_arn
      coins           = var.coins
      currency        = var.currency
    } : key => value if value != null
  })
}

resource "aws_secretsmanager_secret" "coingecko" {
  #checkov:skip=CKV_AWS_149:AWS's own key serves: whoever may read the secret may call CoinGecko, no more
  #checkov:skip=CKV2_AWS_57:CoinGecko gives out keys by hand, on its website: none can be fetched by a rotation
  name                    = "${local.secrets_prefix}/connections/coingecko_default"
  description             = "The Airflow Connection coingecko_default: put a CoinGecko API key in as \"password\"."
  recovery_window_in_days = var.deletable ? 0 : 7
}

resource "aws_secretsmanager_secret_version" "coingecko" {
  secret_id     = aws_secretsmanager_secret.coingecko.id
  secret_string = jsonencode({ conn_type = "http", schema = "https", host = "api.coingecko.com" })

  lifecycle {
    ignore_changes = [secret_string] # from now on it is the user's: it may hold the key
  }
}

module "mwaa" {
  source = "./modules/mwaa"
  count  = var.mwaa == null ? 0 : 1

  name                          = local.mwaa_name
  region                        = var.region
  settings                      = var.mwaa
  execution_role_arn            = aws_iam_role.actor["mwaa_execution"].arn
  dags_bucket_arn               = "arn:aws:s3:::${module.dags_bucket[0].name}"
  airflow_configuration_options = local.airflow_configuration_options

  # MWAA tries its role and reads its bucket when it is made.
  depends_on = [aws_iam_role_policy.actor, module.dags_bucket]
}
