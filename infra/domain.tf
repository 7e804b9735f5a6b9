# A name of one's own for the dashboard: certificate and addresses, in a Route 53 zone that is there already.

resource "aws_acm_certificate" "website" {
  count    = var.domain == null ? 0 : 1
  provider = aws.us_east_1

  domain_name       = var.domain.name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "certificate" {
  for_each = toset(var.domain == null ? [] : [var.domain.name])

  zone_id         = var.domain.hosted_zone_id
  name            = one(aws_acm_certificate.website[0].domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.website[0].domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.website[0].domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "website" {
  count    = var.domain == null ? 0 : 1
  provider = aws.us_east_1

  certificate_arn         = aws_acm_certificate.website[0].arn
  validation_record_fqdns = [for record in aws_route53_record.certificate : record.fqdn]
}

resource "aws_route53_record" "website" {
  for_each = toset(var.domain == null ? [] : ["A", "AAAA"])

  zone_id = var.domain.hosted_zone_id
  name    = var.domain.name
  type    = each.value

  alias {
    name                   = aws_cloudfront_distribution.website.domain_name
    zone_id                = aws_cloudfront_distribution.website.hosted_zone_id
    evaluate_target_health = false
  }
}
