"""AWS on a laptop: moto's server for the APIs, real work behind the ones that matter here.

moto answers S3, Glue, Athena, SQS, SNS, CloudWatch Logs, IAM, STS, Secrets Manager and CloudWatch over
HTTP, for programs that have the endpoint's key (`access`). Where it would only pretend, a subclass of its
backend does the work: objects are files (`s3`), Glue jobs run on Spark, crawlers read Parquet footers and the
catalog survives a restart (`glue`), and Athena's queries run on DuckDB or a Trino (`athena`). What nobody
implemented is refused (`services`). On a port of its own a website is served as CloudFront would
(`cloudfront`).

Kept as written, without effect, so that Terraform can make, read and delete it: CloudFront (distributions
serve nothing, the website's port is another matter), EventBridge rules (none fires), CloudWatch alarms
(none rings), budgets (nobody is told), SNS subscriptions (no mail is sent), and of a bucket its lifecycle,
encryption and public access block.

Whether IAM decides is a switch (`authorization`); while it is off, every request is allowed.

Three seams of moto are used through `seams.install`:

* `BackendDict.backend` – the class of a service's backend;
* the names of the model classes in `moto.<service>.models` (`FakeKey`, `FakeJob`, …), which moto's own
  backends look up when they create one;
* `BaseBackend._url_module` – the routes, and with them the class that answers a request;

and a fourth by `authorization`: the method with which every response of moto asks whether it is allowed.

Known limits, beside what is refused with a message:

* S3: a key is a path, so `a` and `a/b` cannot both be keys; nor can two keys that differ only in case, on a
  file system that ignores case. Older versions of a versioned object and unfinished multipart uploads last
  as long as the process.
* Athena: the embedded engine answers what its tables of rules list, over Parquet tables, and refuses the
  rest by name; with ATHENA_ENGINE a Trino answers in its place (docs/athena.md). No CTAS or INSERT.
* Glue: one table a crawler target; no job bookmarks, no extra Python files or jars (but for S3A's, by
  `--conf`).
* IAM: what `authorization` says it does not evaluate. `aws:SecureTransport` is always true: the laptop's
  http stands where AWS has https, and a policy that allows TLS only is not to lock it out. S3's messages to
  a queue and the website's reads of its bucket ask nobody; neither do the logs of jobs and crawlers.
* After a restart, S3, the catalog, jobs and crawlers are as they were; queues, topics, log groups, roles,
  workgroups, secrets, what is kept as written, and the history of job runs and queries are gone. Deploying
  again (or `terraform apply`) brings back what it makes.

`python -m laptop.lake serve` runs it, `python -m laptop.lake deploy` fills it from `include/resources`
(`serve --deploy` does both), and `laptop.aws.process` starts and stops it from Python.
"""
