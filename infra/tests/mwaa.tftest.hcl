# The MWAA environment and its network.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
}

run "airflow_runs_in_two_private_subnets_with_a_way_out_and_none_in" {
  module {
    source = "./modules/mwaa"
  }
  variables {
    name               = "crypto-lake-dev"
    region             = "eu-central-1"
    execution_role_arn = "arn:aws:iam::111122223333:role/airflow"
    dags_bucket_arn    = "arn:aws:s3:::dags"
    settings = {
      environment_class = "mw1.small"
      min_workers       = 1
      max_workers       = 2
      public_web_server = false
      web_server_cidrs  = ["10.8.0.0/16"]
      vpc_cidr          = "10.20.0.0/22"
      zones             = ["eu-central-1b", "eu-central-1c"]
    }
    airflow_configuration_options = { "crypto_lake.dashboard_url" = "https://example.org" }
  }

  assert {
    condition     = aws_mwaa_environment.this.airflow_version == "3.2.1"
    error_message = "The package is made and tested for Airflow 3.2.1."
  }
  assert {
    condition     = aws_mwaa_environment.this.webserver_access_mode == "PRIVATE_ONLY"
    error_message = "public_web_server = false has no effect."
  }
  assert {
    condition     = aws_mwaa_environment.this.airflow_configuration_options["crypto_lake.dashboard_url"] == "https://example.org"
    error_message = "The configuration does not reach Airflow."
  }
  assert {
    condition     = sort(one(aws_mwaa_environment.this.network_configuration).subnet_ids) == sort(aws_subnet.private[*].id) && length(distinct(aws_subnet.private[*].availability_zone)) == 2
    error_message = "MWAA needs two private subnets in two zones."
  }
  assert {
    condition     = toset(aws_subnet.private[*].availability_zone) == toset(["eu-central-1b", "eu-central-1c"]) && aws_subnet.public.availability_zone == "eu-central-1b"
    error_message = "The subnets lie in other zones than were given."
  }
  assert {
    condition     = aws_route.through_the_nat.nat_gateway_id == aws_nat_gateway.this.id && aws_route.through_the_nat.destination_cidr_block == "0.0.0.0/0"
    error_message = "The private subnets have no way out: CoinGecko could not be asked."
  }
  assert {
    condition     = alltrue([for association in aws_route_table_association.private : association.route_table_id == aws_route_table.private.id])
    error_message = "A private subnet does not go through the NAT gateway."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.among_themselves.referenced_security_group_id == aws_security_group.this.id && aws_vpc_security_group_ingress_rule.among_themselves.cidr_ipv4 == null
    error_message = "Somebody else than Airflow itself gets in."
  }
  assert {
    condition = [for rule in aws_vpc_security_group_ingress_rule.web_server : [rule.cidr_ipv4, rule.from_port, rule.to_port, rule.ip_protocol]] == [
      ["10.8.0.0/16", 443, 443, "tcp"]
    ]
    error_message = "A private web server is not reached from the networks that were given, or by more than HTTPS."
  }
  assert {
    condition     = aws_vpc_security_group_egress_rule.all.cidr_ipv4 == "0.0.0.0/0" && aws_vpc_security_group_egress_rule.all.ip_protocol == "-1"
    error_message = "MWAA's guide demands an outbound rule for all traffic."
  }
  assert {
    condition = toset([for group in aws_cloudwatch_log_group.this : group.name]) == toset([
      "airflow-crypto-lake-dev-DAGProcessing", "airflow-crypto-lake-dev-Scheduler", "airflow-crypto-lake-dev-Task",
      "airflow-crypto-lake-dev-WebServer", "airflow-crypto-lake-dev-Worker",
    ])
    error_message = "These are not the names under which MWAA logs."
  }
}
