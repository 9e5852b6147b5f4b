# Terraform forgets the rule in the same apply in which the endpoint takes it over.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//from-blue-green"
}

removed {
  from = aws_lb_listener_rule.checkout

  lifecycle {
    destroy = false
  }
}

resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = var.release_version

  container = { image = "acme/checkout" }

  beanstalk = {
    vpc_id  = var.vpc_id
    subnets = var.subnets
  }

  capacity = { min = 2, max = 4 }

  routing = {
    listener_arn      = var.listener_arn
    hosts             = ["checkout.example.com"]
    takeover_rule_arn = var.rule_arn
  }

  rollout = {
    steps = [
      { weight = 20, bake = "10m" },
      { weight = 100, bake = "10m" },
    ]
  }

  timeouts = { create = "2h" }

  deletion_protection = false # an example is to be thrown away
}

output "url" {
  value = ionroller_endpoint.checkout.url
}
