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
