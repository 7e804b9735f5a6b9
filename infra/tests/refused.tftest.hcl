# What is refused before anything is planned.

mock_provider "aws" {}

mock_provider "aws" {
  alias = "us_east_1"
}

variables {
  environment = "dev"
  account_id  = "111122223333"
  region      = "eu-central-1"
  mwaa        = null
}

run "an_account_that_is_not_filled_in" {
  command         = plan
  expect_failures = [var.account_id]

  variables {
    account_id = "FILL-IN: the 12 digits of the AWS account"
  }
}

run "a_name_that_makes_no_bucket_name" {
  command         = plan
  expect_failures = [var.environment]

  variables {
    environment = "Dev_1"
  }
}

run "a_region_of_another_partition" {
  command         = plan
  expect_failures = [var.region]

  variables {
    region = "cn-north-1"
  }
}

run "production_that_could_be_deleted_with_its_data" {
  command         = plan
  expect_failures = [var.deletable]

  variables {
    environment = "production"
    deletable   = true
  }
}

run "more_workers_at_least_than_at_most" {
  command         = plan
  expect_failures = [var.mwaa]

  variables {
    mwaa = { min_workers = 3, max_workers = 2 }
  }
}

run "several_workers_in_the_class_that_has_one" {
  command         = plan
  expect_failures = [var.mwaa]

  variables {
    mwaa = { environment_class = "mw1.micro" }
  }
}

run "a_network_that_is_too_small" {
  command         = plan
  expect_failures = [var.mwaa]

  variables {
    mwaa = { vpc_cidr = "10.0.0.0/28" }
  }
}

run "a_private_web_server_that_nobody_reaches" {
  command         = plan
  expect_failures = [var.mwaa]

  variables {
    mwaa = { public_web_server = false }
  }
}

run "a_public_web_server_with_networks_of_its_own" {
  command         = plan
  expect_failures = [var.mwaa]

  variables {
    mwaa = { web_server_cidrs = ["10.8.0.0/16"] }
  }
}

run "a_private_web_server_for_everybody" {
  command         = plan
  expect_failures = [var.mwaa]

  variables {
    mwaa = { public_web_server = false, web_server_cidrs = ["0.0.0.0/0"] }
  }
}

run "one_zone_twice" {
  command         = plan
  expect_failures = [var.mwaa]

  variables {
    mwaa = { zones = ["eu-central-1a", "eu-central-1a"] }
  }
}

run "zones_of_another_region" {
  command         = plan
  expect_failures = [var.mwaa]

  variables {
    mwaa = { zones = ["us-east-1a", "us-east-1b"] }
  }
}

run "two_mwaa_environments" {
  command         = plan
  expect_failures = [var.existing_mwaa]

  variables {
    mwaa          = {}
    existing_mwaa = { name = "a", execution_role_name = "b", dags_bucket = "c" }
  }
}

run "too_few_coins" {
  command         = plan
  expect_failures = [var.coins]

  variables {
    coins = 5
  }
}

run "an_address_that_is_none" {
  command         = plan
  expect_failures = [var.alert_email]

  variables {
    alert_email = "somebody"
  }
}

run "a_repository_without_its_owner" {
  command         = plan
  expect_failures = [var.github_actions]

  variables {
    github_actions = { repository = "crypto-data-lake" }
  }
}
