variable "region" {
  description = "AWS Region."
  type        = string
  default     = "us-east-1"
}

variable "bucket" {
  description = "Name of the bucket to make for bundles and the journal. Names of buckets are unique in the world."
  type        = string
}

variable "host" {
  description = "Host name at which the endpoint is called."
  type        = string
  default     = "hello.example.com"
}

variable "image" {
  description = "The image's repository, without a tag."
  type        = string
  default     = "nginx"
}

variable "release_version" {
  description = "The tag of the image, the line that a pull request bumps."
  type        = string
  default     = "1.28.0"
}
