# What serves today, whatever made it, is taken over: traffic moves from the target
# groups of its listener rule to the first environment, and back if that is bad.

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//takeover"
}

resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = var.release_version

  container = { image = "acme/checkout" }

  beanstalk = {
    vpc_id  = var.vpc_id
    subnets = var.subnets
  }

  # Enough for all traffic from the first step on: what the old instances carry is
  # not known.
  capacity = { min = 2, max = 4 }

  routing = {
    listener_arn      = var.listener_arn
    hosts             = ["checkout.example.com"] # what the rule has, and no other
    takeover_rule_arn = var.rule_arn             # to be taken out when that is done
  }

  rollout = {
    steps = [
      { weight = 5, bake = "10m" },
      { weight = 50, bake = "10m" },
      { weight = 100, bake = "10m" },
    ]
  }

  timeouts = { create = "2h" } # the bakes come on top of the launch

  deletion_protection = false # an example is to be thrown away
}

output "url" {
  value = ionroller_endpoint.checkout.url
}
