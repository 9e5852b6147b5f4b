variable "bucket" {
  description = "S3 bucket for bundles and the journal."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the load balancer and the instances."
  type        = string
}

variable "subnets" {
  description = "Subnets of the instances."
  type        = list(string)
}

variable "listener_arn" {
  description = "Listener of the Application Load Balancer that takes the traffic."
  type        = string
}

variable "release_version" {
  description = "The version that shall be live."
  type        = string
  default     = "1.0.0"
}

variable "registry_credentials" {
  description = "Key, in the bucket, of the registry's credentials in the form of Docker's config.json."
  type        = string
  default     = "registry/config.json"
}

variable "password_arn" {
  description = "ARN of the secret with the database's password."
  type        = string
  default     = "arn:aws:secretsmanager:us-east-1:123456789012:secret:checkout/db-AbCdEf"
}
