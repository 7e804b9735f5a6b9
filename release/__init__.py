"""Ships the lake to AWS: builds the package that Amazon MWAA takes, deploys it, rolls it back, checks it.

Terraform (`infra/`) makes the infrastructure; what runs in it comes from here. A *package* is the folder that
`make package` builds; a *release* is a package that was deployed. The steps:

* `packaging`: the repository -> `dist/`, the same bytes wherever it is built;
* `manifest`: what a package consists of, and what identifies it;
* `outputs`: what Terraform says about an environment;
* `plan`: what differs between a package and an environment's buckets;
* `history`: which releases an environment had, and who is deploying now;
* `deployment`: deploy and roll back;
* `mwaa`: the MWAA environment's plugins and requirements;
* `checks`, `smoke`: is a deployed environment sound?

AWS is reached with the standard `AWS_…` variables or a profile; nothing here asks whether it is AWS.
"""
