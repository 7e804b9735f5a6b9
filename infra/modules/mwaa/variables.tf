variable "name" {
  description = "The environment's name, also of its network."
  type        = string
}

variable "region" {
  description = "The AWS region."
  type        = string
}

variable "settings" {
  description = "As the root module's variable mwaa, which checks it."
  type = object({
    environment_class = string
    min_workers       = number
    max_workers       = number
    public_web_server = bool
    web_server_cidrs  = list(string)
    vpc_cidr          = string
    zones             = list(string)
  })
}

variable "execution_role_arn" {
  description = "The role of everything that Airflow runs."
  type        = string
}

variable "dags_bucket_arn" {
  description = "Where dags/ is; versioned."
  type        = string
}

variable "airflow_configuration_options" {
  description = "Airflow's configuration, `section.option` -> value."
  type        = map(string)
}
