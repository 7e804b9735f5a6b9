variable "environment" {
  description = "The environment's name: part of the names of buckets and roles. An account and region have one."
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
    error_message = "account_id is \"${var.account_id}\": put the account's 12 digits into environments/<environment>.tfvars."
  }
}

variable "region" {
  description = "The AWS region of everything but CloudFront and IAM, which have none."
  type        = string

  validation {
    condition     = can(regex("^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-[0-9]$", var.region))
    error_message = "region is \"${var.region}\": give a region of AWS's commercial partition, as in eu-central-1 (the lake's ARNs begin with arn:aws)."
  }
}

variable "deletable" {
  description = "Whether `destroy` may delete buckets with all their data. Never for production."
  type        = bool
  default     = false

  validation {
    condition     = !(var.deletable && var.environment == "production")
    error_message = "deletable is true for production: its data would go with the first destroy. Empty the buckets by hand if that is what you want."
  }
}

variable "coins" {
  description = "How many coins a day ingests; null for the lake's default."
  type        = number
  default     = null

  validation {
    condition     = var.coins == null ? true : var.coins >= 10 && var.coins <= 20000 && floor(var.coins) == var.coins
    error_message = "coins is ${coalesce(var.coins, 0)}: give a whole number from 10 to 20000, or null."
  }
}

variable "currency" {
  description = "CoinGecko's name of the currency of every amount; null for the lake's default."
  type        = string
  default     = null

  validation {
    condition     = var.currency == null ? true : can(regex("^[a-z]{2,10}$", var.currency))
    error_message = "currency is \"${coalesce(var.currency, "-")}\": give CoinGecko's name of one in lower case, as in usd, or null."
  }
}

variable "mwaa" {
  description = <<-EOT
    The MWAA environment that is made, with a network of its own; null for none: then the DAGs run elsewhere, or in
    existing_mwaa.
      environment_class: the size of scheduler, web server and workers.
      min_workers, max_workers: MWAA scales between them.
      public_web_server: whether Airflow's UI is reached over the internet (behind IAM), or only from inside the VPC.
      web_server_cidrs: who reaches a private web server: the addresses of a VPN or a peered network.
      vpc_cidr: the network's addresses; a /24 or larger.
      zones: two availability zones, as in eu-central-1a; null for the region's first two. Name others if MWAA has no
        capacity in those.
  EOT
  type = object({
    environment_class = optional(string, "mw1.small")
    min_workers       = optional(number, 1)
    max_workers       = optional(number, 2)
    public_web_server = optional(bool, true)
    web_server_cidrs  = optional(list(string), [])
    vpc_cidr          = optional(string, "10.20.0.0/22")
    zones             = optional(list(string))
  })
  default = {}

  validation {
    condition     = var.mwaa == null ? true : can(regex("^mw1\\.(micro|small|medium|large|xlarge|2xlarge)$", var.mwaa.environment_class))
    error_message = "mwaa.environment_class is \"${try(var.mwaa.environment_class, "")}\": give mw1.micro, mw1.small, mw1.medium, mw1.large, mw1.xlarge or mw1.2xlarge."
  }
  validation {
    condition     = var.mwaa == null ? true : var.mwaa.min_workers >= 1 && var.mwaa.min_workers <= var.mwaa.max_workers && var.mwaa.max_workers <= 25
    error_message = "mwaa.min_workers is ${try(var.mwaa.min_workers, 0)} and mwaa.max_workers is ${try(var.mwaa.max_workers, 0)}: give 1 <= min_workers <= max_workers <= 25."
  }
  validation {
    condition     = var.mwaa == null ? true : var.mwaa.environment_class != "mw1.micro" || var.mwaa.max_workers == 1
    error_message = "mwaa.max_workers is ${try(var.mwaa.max_workers, 0)}, and mw1.micro has one worker: set max_workers = 1, or take a larger environment_class."
  }
  validation {
    condition     = var.mwaa == null ? true : try(tonumber(split("/", var.mwaa.vpc_cidr)[1]) <= 24 && cidrnetmask(var.mwaa.vpc_cidr) != "", false)
    error_message = "mwaa.vpc_cidr is \"${try(var.mwaa.vpc_cidr, "")}\": give an IPv4 network of /24 or larger, as in 10.20.0.0/22."
  }
  validation {
    condition     = var.mwaa == null ? true : alltrue([for cidr in var.mwaa.web_server_cidrs : can(cidrnetmask(cidr)) && cidr != "0.0.0.0/0"])
    error_message = "mwaa.web_server_cidrs is ${jsonencode(try(var.mwaa.web_server_cidrs, []))}: give IPv4 networks, as in [\"10.8.0.0/16\"]; for everybody set public_web_server = true."
  }
  validation {
    condition     = var.mwaa == null ? true : var.mwaa.public_web_server == (length(var.mwaa.web_server_cidrs) == 0)
    error_message = "mwaa.public_web_server is ${try(var.mwaa.public_web_server, true)} and mwaa.web_server_cidrs is ${jsonencode(try(var.mwaa.web_server_cidrs, []))}: a private web server needs the networks that reach it, and a public one takes none."
  }
  validation {
    condition     = try(var.mwaa.zones, null) == null ? true : length(distinct(var.mwaa.zones)) == 2 && length(var.mwaa.zones) == 2 && alltrue([for zone in var.mwaa.zones : startswith(zone, var.region)])
    error_message = "mwaa.zones is ${jsonencode(try(var.mwaa.zones, null))}: give two different availability zones of ${var.region}, as in [\"${var.region}a\", \"${var.region}b\"], or null."
  }
}

variable "existing_mwaa" {
  description = <<-EOT
    An MWAA environment that is there already and is to run the DAGs; then mwaa has to be null. Its execution role gets
    the lake's permissions. The configuration options (output airflow_configuration_options) are set by whoever owns it.
      name: the environment's.
      execution_role_name: its execution role's.
      dags_bucket: the bucket it reads its DAGs from, below dags/.
  EOT
  type = object({
    name                = string
    execution_role_name = string
    dags_bucket         = string
  })
  default = null

  validation {
    condition     = var.existing_mwaa == null || var.mwaa == null
    error_message = "Both mwaa and existing_mwaa are given: set mwaa = null to use the environment ${try(var.existing_mwaa.name, "")}, or leave existing_mwaa out to make one."
  }
}

variable "docs_url" {
  description = "Where people read docs/, like https://github.com/<owner>/<repository>/blob/main/docs: alerts link there. null: they name the section."
  type        = string
  default     = null

  validation {
    condition     = var.docs_url == null ? true : startswith(var.docs_url, "https://")
    error_message = "docs_url is \"${coalesce(var.docs_url, "null")}\": give an address that begins with https://."
  }
}

variable "domain" {
  description = "The website's own name and the Route 53 zone that it lies in; null for CloudFront's name."
  type = object({
    name           = string
    hosted_zone_id = string
  })
  default = null

  validation {
    condition     = var.domain == null ? true : can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain.name))
    error_message = "domain.name is \"${try(var.domain.name, "")}\": give a host name in lower case, as in crypto.example.org."
  }
}

variable "alert_email" {
  description = "Who gets the alerts by mail, after confirming the subscription; null for nobody yet."
  type        = string
  default     = null

  validation {
    condition     = var.alert_email == null ? true : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", var.alert_email))
    error_message = "alert_email is \"${coalesce(var.alert_email, "-")}\": give a mail address, or null."
  }
}

variable "monthly_budget_usd" {
  description = "What the account may cost a month, in US dollars, before an alert goes out; null for no budget."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null ? true : var.monthly_budget_usd > 0
    error_message = "monthly_budget_usd is ${coalesce(var.monthly_budget_usd, 0)}: give an amount above 0, or null."
  }
}

variable "github_actions" {
  description = <<-EOT
    Lets a GitHub Actions workflow deploy, by OIDC and without a long-lived key; null for no such role.
      repository: owner/name, or as GitHub names it in its tokens for repositories since July 2026,
        owner@<owner id>/name@<repository id> (docs/mwaa.md). A job of it may take the role when it names the GitHub environment of the same name as
        this environment; which branches may is that GitHub environment's own rule.
      oidc_provider_arn: the account's provider for GitHub, if there is one: an account can have only one.
  EOT
  type = object({
    repository        = string
    oidc_provider_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.github_actions == null ? true : can(regex("^[A-Za-z0-9_.-]+(@[0-9]+)?/[A-Za-z0-9_.-]+(@[0-9]+)?$", var.github_actions.repository))
    error_message = "github_actions.repository is \"${try(var.github_actions.repository, "")}\": give owner/name, or owner@id/name@id."
  }
}
