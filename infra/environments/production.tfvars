# The environment production: one AWS account and region. What else can be set: ../variables.tf.
environment = "production"
account_id  = "FILL-IN: the 12 digits of the AWS account"
region      = "FILL-IN: as in eu-central-1"

monthly_budget_usd = 600
# alert_email      = "you@example.org"
# domain           = { name = "crypto.example.org", hosted_zone_id = "Z…" }
# github_actions   = { repository = "owner/name" }

mwaa = {
  max_workers = 4
}
