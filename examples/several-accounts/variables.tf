variable "staging" {
  description = "What is there in the staging account, and the role to assume in it."
  type = object({
    role_arn     = string
    bucket       = string
    vpc_id       = string
    subnets      = list(string)
    listener_arn = string
  })
}

variable "production" {
  description = "What is there in the production account, and the role to assume in it."
  type = object({
    role_arn     = string
    bucket       = string
    vpc_id       = string
    subnets      = list(string)
    listener_arn = string
  })
}

variable "release_version" {
  description = "The version that shall be live."
  type        = string
  default     = "1.0.0"
}
