"""IAM: policies, and whether they allow a request."""
