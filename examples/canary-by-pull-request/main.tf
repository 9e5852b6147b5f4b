# A canary in two pull requests. The first bumps the version: an apply brings it to
# 10 % and ends, and the endpoint's status is "capped". The second sets max_weight
# to 100: the rollout goes on from where it rests.

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//canary-by-pull-request"
}

resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = var.release_version

  container = { image = "acme/checkout" }

  beanstalk = {
    vpc_id  = var.vpc_id
    subnets = var.subnets
  }

  health = {
    path                 = "/healthz"
    deregistration_delay = "5s"
  }

  routing = {
    listener_arn = var.listener_arn
    hosts        = ["checkout.example.com"]
  }

  # Minutes in production; seconds here, so that it can be tried out.
  rollout = {
    steps = [
      { weight = 10, bake = "3s" },
      { weight = 50, bake = "2s" },
      { weight = 100, bake = "2s" },
    ]
    max_weight = var.max_weight
  }

  deletion_protection = false # an example is to be thrown away
}

output "status" {
  value = ionroller_endpoint.checkout.status
}
