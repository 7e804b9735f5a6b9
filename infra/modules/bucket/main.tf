# A private, encrypted, versioned bucket that is reached over TLS alone.

variable "name" {
  description = "The bucket's name."
  type        = string
}

variable "policy" {
  description = "Further statements for the bucket's policy, as a JSON document."
  type        = string
  default     = "{\"Statement\": []}"
}

variable "expire_after" {
  description = "Days after which objects are deleted, by prefix."
  type        = map(number)
  default     = {}
}

variable "keep_versions" {
  description = "Days that an overwritten or deleted object can be brought back."
  type        = number
  default     = 30
}

variable "force_destroy" {
  description = "Whether the bucket may be deleted with what is in it."
  type        = bool
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Access logs would cost more than the lake's data and nobody would read them; CloudTrail's data events are the account's to switch on
  #checkov:skip=CKV_AWS_144:One region. What cannot be made again, CoinGecko's answers, is small: replicate it if the region's loss would matter
  #checkov:skip=CKV_AWS_145:SSE-S3. The content is public market data; a key of our own would add a cost per call and protect nothing
  #checkov:skip=CKV2_AWS_62:Only the lake bucket has something to tell, see lake.tf
  bucket        = var.name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket     = aws_s3_bucket.this.id
  depends_on = [aws_s3_bucket_versioning.this]

  rule {
    id     = "what-is-left-behind"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.keep_versions
    }
    expiration {
      expired_object_delete_marker = true
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = var.expire_after

    content {
      id     = "expire-${replace(trimsuffix(rule.key, "/"), "/", "-")}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }
      expiration {
        days = rule.value
      }
      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket     = aws_s3_bucket.this.id
  depends_on = [aws_s3_bucket_public_access_block.this] # two changes of a bucket at once are refused

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${var.name}", "arn:aws:s3:::${var.name}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      jsondecode(var.policy).Statement,
    )
  })
}

output "name" {
  description = "The bucket's name, once the bucket is there."
  value       = aws_s3_bucket.this.bucket
}
