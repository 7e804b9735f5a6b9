# An SQS queue as include/resources declares it, in the shape of SQS's CreateQueue.

variable "definition" {
  description = "QueueName and Attributes; what SQS takes as JSON stands there as mappings."
  type        = any
}

locals {
  attributes = var.definition.Attributes
  # An attribute that is not known here would be left out without a word.
  unknown = setsubtract(keys(local.attributes), [
    "MessageRetentionPeriod", "Policy", "ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy",
    "SqsManagedSseEnabled", "VisibilityTimeout",
  ])
}

resource "aws_sqs_queue" "this" {
  name                       = var.definition.QueueName
  receive_wait_time_seconds  = try(local.attributes.ReceiveMessageWaitTimeSeconds, null)
  visibility_timeout_seconds = try(local.attributes.VisibilityTimeout, null)
  message_retention_seconds  = local.attributes.MessageRetentionPeriod
  sqs_managed_sse_enabled    = local.attributes.SqsManagedSseEnabled
  policy                     = jsonencode(local.attributes.Policy)
  redrive_policy             = try(jsonencode(local.attributes.RedrivePolicy), null)
  redrive_allow_policy       = try(jsonencode(local.attributes.RedriveAllowPolicy), null)

  lifecycle {
    precondition {
      condition     = length(local.unknown) == 0
      error_message = "include/resources/queues.yaml gives ${var.definition.QueueName} the attributes ${join(", ", local.unknown)}: infra/modules/queue has to pass them on."
    }
  }
}

output "name" {
  description = "The queue's name."
  value       = aws_sqs_queue.this.name
}
