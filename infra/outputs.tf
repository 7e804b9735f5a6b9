# What `make deploy` and people need to know.

locals {
  dashboard_url = "https://${var.domain == null ? aws_cloudfront_distribution.website.domain_name : var.domain.name}"
}

output "region" {
  description = "The AWS region."
  value       = var.region
}

output "lake_bucket" {
  description = "The lake's bucket; the Glue scripts go there, too."
  value       = module.lake_bucket.name
}

output "website_bucket" {
  description = "The dashboard's bucket."
  value       = module.website_bucket.name
}

output "dags_bucket" {
  description = "The bucket that MWAA reads DAGs, plugins and requirements from."
  value       = var.existing_mwaa == null ? module.dags_bucket[0].name : local.dags_bucket
}

output "mwaa_environment_name" {
  description = "The MWAA environment's name; null if there is none."
  value       = var.existing_mwaa == null ? one(module.mwaa[*].name) : var.existing_mwaa.name
}

output "dashboard_url" {
  description = "The dashboard's address."
  value       = local.dashboard_url
}

output "alert_topic_arn" {
  description = "The SNS topic of the alerts: subscribe whoever should get them."
  value       = aws_sns_topic.alerts.arn
}

output "airflow_configuration_options" {
  description = "Airflow's configuration; set already where Terraform made the MWAA environment."
  value       = local.airflow_configuration_options
}

output "mwaa_execution_role_arn" {
  description = "The role of what Airflow runs."
  value       = local.role_arns.mwaa_execution
}

output "bronze_to_silver_role_arn" {
  description = "The role of the Glue job bronze_to_silver."
  value       = local.role_arns.bronze_to_silver
}

output "silver_to_gold_role_arn" {
  description = "The role of the Glue job silver_to_gold."
  value       = local.role_arns.silver_to_gold
}

output "glue_crawler_role_arn" {
  description = "The role of the crawlers."
  value       = local.role_arns.glue_crawler
}

output "deploy_role_arn" {
  description = "What a GitHub Actions workflow assumes to deploy; null without var.github_actions."
  value       = one(aws_iam_role.deploy[*].arn)
}
