terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

variable "release_version" {
  type = string
}

variable "environment" {
  type    = map(string)
  default = {}
}

variable "sandbox" {
  type = object({
    region       = string
    bucket       = string
    vpc_id       = string
    subnets      = list(string)
    listener_arn = string
  })
}

provider "ionroller" {
  region = var.sandbox.region
  bucket = var.sandbox.bucket
  owner  = "ionroller-demo"
}

resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = var.release_version

  container = {
    image       = "acme/checkout"
    port        = 8080
    environment = var.environment
  }

  beanstalk = {
    instance_type = "t3.small"
    vpc_id        = var.sandbox.vpc_id
    subnets       = var.sandbox.subnets
  }

  capacity = { min = 2, max = 4 }
  health   = { path = "/healthz", deregistration_delay = "1s" }

  routing = {
    listener_arn = var.sandbox.listener_arn
    hosts        = ["checkout.example.com"]
  }

  rollout = {
    steps = [
      { weight = 5, bake = "3s" },
      { weight = 25, bake = "3s" },
      { weight = 50, bake = "3s" },
      { weight = 100, bake = "3s" },
    ]
    healthy_within = "15s"
  }

  retention           = { keep_for = "10m", max = 2 }
  deletion_protection = false
}
