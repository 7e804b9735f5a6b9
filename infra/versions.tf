# Terraform for one environment: one AWS account and region. `scripts/terraform <environment> plan` runs it.

terraform {
  required_version = ">= 1.11" # the S3 backend's own lock file

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6" # what is tested; the code is written to be valid for 6.x too
    }
  }

  # Which bucket and key: environments/<environment>.s3.tfbackend. Its bucket is made by bootstrap/.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = local.tags
  }
}

# CloudFront takes its certificates from there alone.
provider "aws" {
  alias               = "us_east_1"
  region              = "us-east-1"
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = local.tags
  }
}
