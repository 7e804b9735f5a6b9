# Names, and what include/resources declares, with its placeholders filled in.
#
# Every name and ARN is put together here rather than taken from the resource that bears it: the declarations
# have to be known before anything is made.

locals {
  name   = "crypto-lake-${var.environment}"
  unique = "${var.account_id}-${var.region}" # bucket names are the whole world's

  lake_bucket    = "${local.name}-lake-${local.unique}"
  website_bucket = "${local.name}-website-${local.unique}"
  dags_bucket    = var.existing_mwaa == null ? "${local.name}-airflow-${local.unique}" : var.existing_mwaa.dags_bucket

  mwaa_name      = var.existing_mwaa != null ? var.existing_mwaa.name : local.name
  mwaa_role_name = var.existing_mwaa != null ? var.existing_mwaa.execution_role_name : "${local.name}-airflow"

  role_names = {
    mwaa_execution   = local.mwaa_role_name
    bronze_to_silver = "${local.name}-bronze-to-silver"
    silver_to_gold   = "${local.name}-silver-to-gold"
    glue_crawler     = "${local.name}-glue-crawler"
  }
  role_arns = { for actor, name in local.role_names : actor => "arn:aws:iam::${var.account_id}:role/${name}" }

  alert_topic_arn = "arn:aws:sns:${var.region}:${var.account_id}:${local.declared.topics.alerts.Name}"

  tags = {
    project     = "crypto-lake"
    environment = var.environment
    managed_by  = "terraform"
  }

  # The placeholders of include/resources.
  values = {
    lake_bucket           = local.lake_bucket
    website_bucket        = local.website_bucket
    region                = var.region
    account_id            = var.account_id
    bronze_to_silver_role = local.role_arns.bronze_to_silver
    silver_to_gold_role   = local.role_arns.silver_to_gold
    glue_crawler_role     = local.role_arns.glue_crawler
    glue_scripts          = "src/glue_scripts/${substr(sha256(local.scripts), 0, 12)}"
  }
  include = "${path.module}/../include"
  scripts = join("", [ # as include/crypto_lake/glue_script_files.py
    for file in sort(tolist(fileset("${local.include}/glue_scripts", "*.py"))) :
    "${file}:${filesha256("${local.include}/glue_scripts/${file}")}"
  ])
  declared = {
    for file in fileset("${local.include}/resources", "*.yaml") :
    trimsuffix(file, ".yaml") => yamldecode(templatefile("${local.include}/resources/${file}", local.values))
  }
}
