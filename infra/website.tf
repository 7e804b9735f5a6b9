# The dashboard: a private bucket behind CloudFront, which sends the headers and keeps the files as
# include/resources/website.yaml says.

module "website_bucket" {
  source        = "./modules/bucket"
  name          = local.declared.buckets.website.Bucket
  force_destroy = var.deletable

  policy = templatefile("${path.module}/policies/website_bucket.json", merge(local.policy_values, {
    distribution_arn = aws_cloudfront_distribution.website.arn
  }))
}

resource "aws_cloudfront_origin_access_control" "website" {
  name                              = local.website_bucket
  description                       = "Only the dashboard's distribution reads its bucket."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

locals {
  headers          = local.declared.website.ResponseHeadersPolicy
  security_headers = local.headers.SecurityHeadersConfig
}

resource "aws_cloudfront_response_headers_policy" "website" {
  #checkov:skip=CKV_AWS_259:HTTPS is promised for this host alone, two years long: its subdomains may be somebody else's (website.yaml)
  name    = "${local.headers.Name}-${var.environment}" # an account has all of its regions' policies in one list
  comment = "include/resources/website.yaml"

  security_headers_config {
    content_security_policy {
      override                = local.security_headers.ContentSecurityPolicy.Override
      content_security_policy = local.security_headers.ContentSecurityPolicy.ContentSecurityPolicy
    }
    content_type_options {
      override = local.security_headers.ContentTypeOptions.Override
    }
    frame_options {
      override     = local.security_headers.FrameOptions.Override
      frame_option = local.security_headers.FrameOptions.FrameOption
    }
    referrer_policy {
      override        = local.security_headers.ReferrerPolicy.Override
      referrer_policy = local.security_headers.ReferrerPolicy.ReferrerPolicy
    }
    strict_transport_security {
      override                   = local.security_headers.StrictTransportSecurity.Override
      access_control_max_age_sec = local.security_headers.StrictTransportSecurity.AccessControlMaxAgeSec
    }
  }

  custom_headers_config {
    dynamic "items" {
      for_each = local.headers.CustomHeadersConfig.Items

      content {
        override = items.value.Override
        header   = items.value.Header
        value    = items.value.Value
      }
    }
  }
}

# AWS's own policy "CachingOptimized": nothing but the path counts, and each object says itself how long it may be
# kept: its Cache-Control, given when it is written.
locals {
  caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
}

resource "aws_cloudfront_distribution" "website" {
  #checkov:skip=CKV_AWS_68:Static public files, nothing behind them to attack: a web ACL would cost more than the website
  #checkov:skip=CKV2_AWS_47:As CKV_AWS_68; there is no Java here, and no Log4j
  #checkov:skip=CKV_AWS_86:No access logs: addresses of visitors that nobody needs
  #checkov:skip=CKV_AWS_310:One origin, S3, which is in several zones by itself
  #checkov:skip=CKV_AWS_374:The dashboard is for everybody
  #checkov:skip=CKV_AWS_174:TLS 1.2 and newer with a domain of one's own; CloudFront's own certificate leaves no choice
  #checkov:skip=CKV2_AWS_42:A certificate of one's own comes with var.domain
  enabled             = true
  comment             = "The crypto lake's dashboard, ${var.environment}"
  default_root_object = local.declared.website.DefaultRootObject
  aliases             = var.domain == null ? [] : [var.domain.name]
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  price_class         = "PriceClass_100"

  origin {
    origin_id                = "website"
    domain_name              = "${local.website_bucket}.s3.${var.region}.amazonaws.com"
    origin_access_control_id = aws_cloudfront_origin_access_control.website.id
  }

  default_cache_behavior {
    target_origin_id           = "website"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    viewer_protocol_policy     = "redirect-to-https"
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.website.id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.domain == null
    acm_certificate_arn            = one(aws_acm_certificate_validation.website[*].certificate_arn)
    ssl_support_method             = var.domain == null ? null : "sni-only"
    minimum_protocol_version       = var.domain == null ? "TLSv1" : "TLSv1.2_2021"
  }
}
