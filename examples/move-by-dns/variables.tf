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

variable "zone_id" {
  description = "Hosted zone of the host."
  type        = string
}

variable "host" {
  description = "The host that users call."
  type        = string
  default     = "checkout.example.com"
}

variable "old_load_balancer" {
  description = "Where the host points today: dns_name and zone_id of that aws_lb."
  type        = object({ dns_name = string, zone_id = string })
}

variable "new_load_balancer" {
  description = "The load balancer of the listener."
  type        = object({ dns_name = string, zone_id = string })
}

variable "new_share" {
  description = "Percent of the answers of DNS that name the new load balancer."
  type        = number
  default     = 0
}
