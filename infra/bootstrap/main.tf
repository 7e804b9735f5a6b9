# The bucket of Terraform's state, once per account and region, before everything else:
#
#   terraform -chdir=infra/bootstrap init
#   terraform -chdir=infra/bootstrap apply -state=dev.tfstate -var environment=dev -var account_id=… -var region=…
#   terraform -chdir=infra/bootstrap output -state=dev.tfstate -raw backend > infra/environments/dev.s3.tfbackend
#
# Its own state stays in that local file: keep it, or import the bucket if it is lost. Locking needs no table: the
# S3 backend writes a lock file beside the state.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6" # what is tested; the code is written to be valid for 6.x too
    }
  }
}

variable "environment" {
  description = "The environment's name, as in infra/environments."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "environment is \"${var.environment}\": give 2 to 12 lower-case letters and digits, as in dev."
  }
}

variable "account_id" {
  description = "The AWS account. Terraform refuses to work with credentials of another one."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id is \"${var.account_id}\": give the account's 12 digits."
  }
}

variable "region" {
  description = "The AWS region of the bucket."
  type        = string
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = { project = "crypto-lake", environment = var.environment, managed_by = "terraform" }
  }
}

module "state" {
  source        = "../modules/bucket"
  name          = "crypto-lake-${var.environment}-terraform-${var.account_id}-${var.region}"
  keep_versions = 365
  force_destroy = false # without the state nobody knows what was made
}

output "backend" {
  description = "The content of infra/environments/<environment>.s3.tfbackend."
  value       = <<-EOT
    # Where Terraform keeps the state of ${var.environment}.
    bucket = "${module.state.name}"
    region = "${var.region}"
    key    = "crypto-lake/${var.environment}.tfstate"
  EOT
}
