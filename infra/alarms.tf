# Who is told what: one topic, and the alarms. Each alarm's description names its section of docs/operations.md.

resource "aws_sns_topic" "alerts" {
  #checkov:skip=CKV_AWS_26:Alerts hold names, numbers and error messages, and go out as plain mail. CloudWatch and EventBridge cannot publish to a topic with AWS's own key, and one of ours would protect nothing more
  name         = local.declared.topics.alerts.Name
  display_name = local.declared.topics.alerts.Attributes.DisplayName
}

resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn

  policy = templatefile("${path.module}/policies/alert_topic.json", merge(local.policy_values, {
    topic_arn = aws_sns_topic.alerts.arn
  }))
}

resource "aws_sns_topic_subscription" "mail" {
  count = var.alert_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

locals {
  has_mwaa = var.mwaa != null || var.existing_mwaa != null

  # Key: the alarm's name, and with hyphens for spaces its section in docs/operations.md.
  alarms = merge(
    {
      "Arrivals wait" = {
        meaning     = "The oldest message in ${module.arrivals.name} has waited for 15 minutes: nobody reads the queue."
        namespace   = "AWS/SQS"
        metric      = "ApproximateAgeOfOldestMessage"
        dimensions  = { QueueName = module.arrivals.name }
        statistic   = "Maximum"
        comparison  = "GreaterThanOrEqualToThreshold"
        threshold   = 900
        minutes     = 5
        periods     = 1
        without_any = "notBreaching"
      }
      "Dead letters" = {
        meaning     = "Messages are in ${module.arrivals_dead_letters.name}: they were received five times and never deleted."
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        dimensions  = { QueueName = module.arrivals_dead_letters.name }
        statistic   = "Maximum"
        comparison  = "GreaterThanThreshold"
        threshold   = 0
        minutes     = 5
        periods     = 1
        without_any = "notBreaching"
      }
    },
    !local.has_mwaa ? {} : {
      "Website out of date" = {
        meaning     = "The daily DAG has published nothing for more than 27 hours."
        namespace   = "CryptoLake"
        metric      = "published_files"
        dimensions  = {}
        statistic   = "SampleCount"
        comparison  = "LessThanThreshold"
        threshold   = 1
        minutes     = 60
        periods     = 27
        without_any = "breaching"
      }
      "Scheduler without heartbeat" = {
        meaning   = "Airflow's scheduler in ${local.mwaa_name} has given no sign of life for 15 minutes: no task starts."
        namespace = "AmazonMWAA"
        metric    = "SchedulerHeartbeat"
        # Of the environment, so that the alarm comes after it: making one takes longer than the alarm's patience.
        dimensions  = { Environment = coalesce(one(module.mwaa[*].name), local.mwaa_name), Function = "Scheduler" }
        statistic   = "Sum"
        comparison  = "LessThanThreshold"
        threshold   = 1
        minutes     = 5
        periods     = 3
        without_any = "breaching"
      }
      "Tasks wait" = {
        meaning     = "Tasks have been queued in ${local.mwaa_name} for half an hour without a pause: the workers do not keep up, or do not work."
        namespace   = "AWS/MWAA"
        metric      = "QueuedTasks"
        dimensions  = { Environment = local.mwaa_name }
        statistic   = "Minimum"
        comparison  = "GreaterThanThreshold"
        threshold   = 0
        minutes     = 5
        periods     = 6
        without_any = "notBreaching"
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "crypto-lake-${lower(replace(each.key, " ", "-"))}"
  alarm_description   = "${each.value.meaning} What to do: docs/operations.md, section \"${each.key}\"."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.minutes * 60
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.without_any
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

# Glue publishes no metric of failed runs; it sends an event. The texts leave out the event's own message:
# EventBridge does not escape what it puts into a template, and a quote or a line end in it would lose the alert.
# A failed task's alert has the reason (docs/operations.md, "Failed tasks").
locals {
  glue_events = {
    "Glue job failed" = {
      pattern = {
        source      = ["aws.glue"]
        detail-type = ["Glue Job State Change"]
        detail      = { jobName = keys(local.declared.glue_jobs), state = ["FAILED", "STOPPED", "TIMEOUT"] }
      }
      inputs = {
        job   = "$.detail.jobName"
        run   = "$.detail.jobRunId"
        state = "$.detail.state"
      }
      text = "Glue job <job>, run <run>, is <state>"
    }
    "Glue crawler failed" = {
      pattern = {
        source      = ["aws.glue"]
        detail-type = ["Glue Crawler State Change"]
        detail      = { crawlerName = keys(local.declared.crawlers), state = ["Failed"] }
      }
      inputs = { crawler = "$.detail.crawlerName" }
      text   = "Glue crawler <crawler> failed"
    }
  }
}

resource "aws_cloudwatch_event_rule" "glue" {
  for_each = local.glue_events

  name          = "crypto-lake-${lower(replace(each.key, " ", "-"))}"
  description   = "What to do: docs/operations.md, section \"${each.key}\"."
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "glue" {
  for_each   = local.glue_events
  depends_on = [aws_sns_topic_policy.alerts]

  rule      = aws_cloudwatch_event_rule.glue[each.key].name
  target_id = "alerts"
  arn       = aws_sns_topic.alerts.arn

  input_transformer {
    input_paths    = each.value.inputs
    input_template = "\"${each.value.text}. What to do: docs/operations.md, section '${each.key}'.\""
  }
}

resource "aws_budgets_budget" "month" {
  count      = var.monthly_budget_usd == null ? 0 : 1
  depends_on = [aws_sns_topic_policy.alerts]

  name         = "${local.name}-budget" # budgets belong to the account, not to a region
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_unit   = "USD"
  limit_amount = format("%.2f", var.monthly_budget_usd)

  # docs/operations.md, section "Budget"
  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alerts.arn]
    }
  }
}
