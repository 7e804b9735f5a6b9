# The lake: its bucket, and the queue that learns what arrives in it.

module "lake_bucket" {
  source        = "./modules/bucket"
  name          = local.declared.buckets.lake.Bucket
  force_destroy = var.deletable

  expire_after = {
    "athena/results/" = 14
  }
}

module "arrivals_dead_letters" {
  source     = "./modules/queue"
  definition = local.declared.queues.arrivals_dead_letters
}

module "arrivals" {
  source     = "./modules/queue"
  definition = local.declared.queues.arrivals
  depends_on = [module.arrivals_dead_letters]
}

# S3 tries the queue when it is told of it: the queue's policy has to be there.
resource "aws_s3_bucket_notification" "lake" {
  bucket     = module.lake_bucket.name
  depends_on = [module.arrivals]

  dynamic "queue" {
    for_each = local.declared.buckets.lake.NotificationConfiguration.QueueConfigurations

    content {
      id            = queue.value.Id
      queue_arn     = queue.value.QueueArn
      events        = queue.value.Events
      filter_prefix = one([for rule in queue.value.Filter.Key.FilterRules : rule.Value if rule.Name == "prefix"])
      filter_suffix = one([for rule in queue.value.Filter.Key.FilterRules : rule.Value if rule.Name == "suffix"])
    }
  }
}
