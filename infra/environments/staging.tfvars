# The environment staging: one AWS account and region. What else can be set: ../variables.tf.
environment = "staging"
account_id  = "FILL-IN: the 12 digits of the AWS account"
region      = "FILL-IN: as in eu-central-1"

deletable          = true # its data may go with `destroy`
monthly_budget_usd = 500
# alert_email      = "you@example.org"
