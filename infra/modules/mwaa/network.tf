# Two private subnets, as MWAA demands, and a way out for them: CoinGecko and AWS's APIs are on the internet.
#
# One NAT gateway: should its zone fail, Airflow waits and catches up. Nothing can be reached from outside.

data "aws_availability_zones" "usable" {
  #checkov:skip=CKV_AWS_394:Only for new subnets: what is there stays in its zone, whatever zones AWS adds
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"] # no local zones
  }
}

locals {
  zones = coalesce(var.settings.zones, slice(data.aws_availability_zones.usable.names, 0, 2))
  # Four equal parts: two private, one public, one left over.
  networks = cidrsubnets(var.settings.vpc_cidr, 2, 2, 2)
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:No flow logs: nothing listens to the outside, and what goes out is in Airflow's own logs
  cidr_block           = var.settings.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

# The group and the way that are there by default admit nothing.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-unused" }
}

resource "aws_subnet" "private" {
  count = 2

  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[count.index]
  cidr_block        = local.networks[count.index]
  tags              = { Name = "${var.name}-private-${count.index + 1}" }

  lifecycle {
    ignore_changes = [availability_zone]
  }
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[0]
  cidr_block        = local.networks[2]
  tags              = { Name = "${var.name}-public" }

  lifecycle {
    ignore_changes = [availability_zone]
  }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = var.name }
}

resource "aws_eip" "nat" {
  domain = "vpc"
  tags   = { Name = "${var.name}-nat" }
}

resource "aws_nat_gateway" "this" {
  subnet_id     = aws_subnet.public.id
  allocation_id = aws_eip.nat.id
  tags          = { Name = var.name }
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-public" }
}

resource "aws_route" "to_the_internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route" "through_the_nat" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  count = 2

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

# S3 without the NAT gateway, which charges by the byte; this costs nothing.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
  tags              = { Name = "${var.name}-s3" }
}

resource "aws_security_group" "this" {
  name        = var.name
  description = "Airflow: its parts among themselves, and out"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = var.name }
}

resource "aws_vpc_security_group_ingress_rule" "among_themselves" {
  security_group_id            = aws_security_group.this.id
  description                  = "Scheduler, workers, web server and database"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "-1"
}

# Only where the web server is private: who may open Airflow's UI from inside, or over a VPN.
resource "aws_vpc_security_group_ingress_rule" "web_server" {
  for_each = toset(var.settings.web_server_cidrs)

  security_group_id = aws_security_group.this.id
  description       = "Airflow's UI and API"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# MWAA's guide asks for exactly this rule. Nothing can be reached from outside by it.
resource "aws_vpc_security_group_egress_rule" "all" {
  #checkov:skip=CKV_AWS_382:MWAA's guide demands an outbound rule for all traffic
  security_group_id = aws_security_group.this.id
  description       = "CoinGecko, AWS's APIs and Airflow's database"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
