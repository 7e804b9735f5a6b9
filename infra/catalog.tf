# The Data Catalog, what fills it, and what asks it.

resource "aws_glue_catalog_database" "lake" {
  name        = local.declared.catalog.database.Name
  description = local.declared.catalog.database.Description
}

locals {
  growing_tables = flatten([
    for crawler in local.declared.crawlers : [for target in crawler.Targets.CatalogTargets : target.Tables]
    if crawler.SchemaChangePolicy.UpdateBehavior == "UPDATE_IN_DATABASE"
  ])
}

resource "aws_glue_catalog_table" "declared" {
  for_each = { for name, table in local.declared.catalog.tables : name => table if !contains(local.growing_tables, name) }

  database_name = aws_glue_catalog_database.lake.name
  name          = each.key
  description   = each.value.Description
  table_type    = each.value.TableType
  parameters    = each.value.Parameters

  dynamic "partition_keys" {
    for_each = each.value.PartitionKeys

    content {
      name    = partition_keys.value.Name
      type    = partition_keys.value.Type
      comment = try(partition_keys.value.Comment, null)
    }
  }

  storage_descriptor {
    location      = each.value.StorageDescriptor.Location
    input_format  = each.value.StorageDescriptor.InputFormat
    output_format = each.value.StorageDescriptor.OutputFormat

    ser_de_info {
      serialization_library = each.value.StorageDescriptor.SerdeInfo.SerializationLibrary
    }

    dynamic "columns" {
      for_each = each.value.StorageDescriptor.Columns

      content {
        name       = columns.value.Name
        type       = columns.value.Type
        comment    = columns.value.Comment
        parameters = columns.value.Parameters
      }
    }
  }

  lifecycle {
    ignore_changes = [parameters] # the crawler adds its own: counts, sizes, its version
  }
}

# The same, but a crawler adds columns, which stay. (What Terraform ignores cannot depend on the table.)
resource "aws_glue_catalog_table" "growing" {
  for_each = { for name, table in local.declared.catalog.tables : name => table if contains(local.growing_tables, name) }

  database_name = aws_glue_catalog_database.lake.name
  name          = each.key
  description   = each.value.Description
  table_type    = each.value.TableType
  parameters    = each.value.Parameters

  dynamic "partition_keys" {
    for_each = each.value.PartitionKeys

    content {
      name    = partition_keys.value.Name
      type    = partition_keys.value.Type
      comment = try(partition_keys.value.Comment, null)
    }
  }

  storage_descriptor {
    location      = each.value.StorageDescriptor.Location
    input_format  = each.value.StorageDescriptor.InputFormat
    output_format = each.value.StorageDescriptor.OutputFormat

    ser_de_info {
      serialization_library = each.value.StorageDescriptor.SerdeInfo.SerializationLibrary
    }

    dynamic "columns" {
      for_each = each.value.StorageDescriptor.Columns

      content {
        name       = columns.value.Name
        type       = columns.value.Type
        comment    = columns.value.Comment
        parameters = columns.value.Parameters
      }
    }
  }

  lifecycle {
    ignore_changes = [parameters, storage_descriptor[0].columns]
  }
}

# Glue would create them, and keep everything indefinitely.
resource "aws_cloudwatch_log_group" "glue_jobs" {
  #checkov:skip=CKV_AWS_158:Logs hold no secrets: CloudWatch's own encryption serves
  #checkov:skip=CKV_AWS_338:What a run did is of interest for weeks, not for years
  for_each = toset(flatten([
    for job in local.declared.glue_jobs :
    [for stream in ["output", "error"] : "${job.DefaultArguments["--custom-logGroup-prefix"]}/${stream}"]
  ]))

  name              = each.key
  retention_in_days = 90
}

resource "aws_glue_job" "declared" {
  #checkov:skip=CKV_AWS_195:Buckets encrypt by themselves, logs hold no data worth a key of their own
  for_each   = local.declared.glue_jobs
  depends_on = [aws_iam_role_policy.actor, aws_cloudwatch_log_group.glue_jobs] # Glue tries the role

  name              = each.key
  description       = each.value.Description
  role_arn          = each.value.Role
  glue_version      = each.value.GlueVersion
  worker_type       = each.value.WorkerType
  number_of_workers = each.value.NumberOfWorkers
  timeout           = each.value.Timeout
  max_retries       = each.value.MaxRetries
  default_arguments = each.value.DefaultArguments

  command {
    name            = each.value.Command.Name
    python_version  = each.value.Command.PythonVersion
    script_location = each.value.Command.ScriptLocation
  }
  execution_property {
    max_concurrent_runs = each.value.ExecutionProperty.MaxConcurrentRuns
  }
}

resource "aws_glue_crawler" "declared" {
  #checkov:skip=CKV_AWS_195:Buckets encrypt by themselves, logs hold no data worth a key of their own
  for_each   = local.declared.crawlers
  depends_on = [aws_iam_role_policy.actor, aws_glue_catalog_table.declared, aws_glue_catalog_table.growing]

  name          = each.key
  description   = each.value.Description
  role          = each.value.Role
  database_name = each.value.DatabaseName
  configuration = try(each.value.Configuration, null)

  dynamic "catalog_target" {
    for_each = each.value.Targets.CatalogTargets

    content {
      database_name = catalog_target.value.DatabaseName
      tables        = catalog_target.value.Tables
    }
  }
  schema_change_policy {
    update_behavior = each.value.SchemaChangePolicy.UpdateBehavior
    delete_behavior = each.value.SchemaChangePolicy.DeleteBehavior
  }
}

resource "aws_athena_workgroup" "lake" {
  name          = local.workgroup.Name
  description   = local.workgroup.Description
  force_destroy = var.deletable # its history of queries goes with it

  configuration {
    enforce_workgroup_configuration    = local.workgroup.Configuration.EnforceWorkGroupConfiguration
    publish_cloudwatch_metrics_enabled = local.workgroup.Configuration.PublishCloudWatchMetricsEnabled
    bytes_scanned_cutoff_per_query     = local.workgroup.Configuration.BytesScannedCutoffPerQuery

    result_configuration {
      output_location = local.workgroup.Configuration.ResultConfiguration.OutputLocation

      encryption_configuration {
        encryption_option = local.workgroup.Configuration.ResultConfiguration.EncryptionConfiguration.EncryptionOption
      }
    }
  }
}

locals {
  workgroup = local.declared.athena.workgroup
}
