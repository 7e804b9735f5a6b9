# Amazon MWAA: Airflow, and its logs.

locals {
  # MWAA's own names of its logs, and how much goes there.
  logs = {
    DAGProcessing = "WARNING"
    Scheduler     = "WARNING"
    Task          = "INFO"
    WebServer     = "WARNING"
    Worker        = "WARNING"
  }
}

# MWAA would make them, and keep everything for ever.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:Logs hold no secrets (keys travel in headers and are never logged): CloudWatch's own encryption serves
  #checkov:skip=CKV_AWS_338:What a task did is of interest for weeks, not for years
  for_each = local.logs

  name              = "airflow-${var.name}-${each.key}"
  retention_in_days = 90
}

resource "aws_mwaa_environment" "this" {
  #checkov:skip=CKV2_AWS_66:The web server asks IAM who comes. To have it inside the VPC alone: public_web_server = false and web_server_cidrs
  name                          = var.name
  airflow_version               = "3.2.1"
  environment_class             = var.settings.environment_class
  min_workers                   = var.settings.min_workers
  max_workers                   = var.settings.max_workers
  webserver_access_mode         = var.settings.public_web_server ? "PUBLIC_ONLY" : "PRIVATE_ONLY"
  execution_role_arn            = var.execution_role_arn
  source_bucket_arn             = var.dags_bucket_arn
  dag_s3_path                   = "dags"
  airflow_configuration_options = var.airflow_configuration_options

  network_configuration {
    security_group_ids = [aws_security_group.this.id]
    subnet_ids         = aws_subnet.private[*].id
  }

  logging_configuration {
    dag_processing_logs {
      enabled   = true
      log_level = local.logs.DAGProcessing
    }
    scheduler_logs {
      enabled   = true
      log_level = local.logs.Scheduler
    }
    task_logs {
      enabled   = true
      log_level = local.logs.Task
    }
    webserver_logs {
      enabled   = true
      log_level = local.logs.WebServer
    }
    worker_logs {
      enabled   = true
      log_level = local.logs.Worker
    }
  }

  # Without its way out it does not start. Making it takes AWS 20 to 30 minutes.
  depends_on = [
    aws_cloudwatch_log_group.this, aws_route.through_the_nat, aws_route.to_the_internet,
    aws_route_table_association.private, aws_route_table_association.public, aws_vpc_endpoint.s3,
    aws_vpc_security_group_egress_rule.all, aws_vpc_security_group_ingress_rule.among_themselves,
    aws_vpc_security_group_ingress_rule.web_server,
  ]

  lifecycle {
    ignore_changes = [ # `make deploy` sets them, after it has uploaded the files
      plugins_s3_path, plugins_s3_object_version,
      requirements_s3_path, requirements_s3_object_version,
      startup_script_s3_path, startup_script_s3_object_version,
    ]
  }
}

output "name" {
  description = "The environment's name, once it is there."
  value       = aws_mwaa_environment.this.name
}
