# Every bucket is made by modules/bucket: what holds for it holds for all of them.

mock_provider "aws" {}

run "a_bucket_is_private_encrypted_versioned_and_behind_tls" {
  module {
    source = "./modules/bucket"
  }
  variables {
    name          = "a-bucket"
    force_destroy = false
    expire_after  = { "athena/results/" = 14 }
    policy        = "{\"Statement\": [{\"Sid\": \"Further\", \"Effect\": \"Deny\"}]}"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Public access is not blocked in every way there is."
  }
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "What is overwritten could not be brought back."
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Objects are not encrypted."
  }
  assert {
    condition     = one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs count."
  }
  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A bucket could be deleted with its data."
  }
  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" && statement.Condition.Bool["aws:SecureTransport"] == "false"
      if statement.Sid == "OnlyOverTls"
    ])
    error_message = "The bucket can be reached without TLS: ${aws_s3_bucket_policy.this.policy}"
  }
  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Sid] == ["OnlyOverTls", "Further"]
    error_message = "The bucket's policy lost a statement."
  }
  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => one(rule.expiration).days }["expire-athena-results"] == 14
    error_message = "Athena's results would be kept for ever."
  }
  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : one(rule.noncurrent_version_expiration).noncurrent_days > 0])
    error_message = "Old versions would be kept for ever."
  }
}
