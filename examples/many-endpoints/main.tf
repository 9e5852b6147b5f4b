# Many services of one kind, each with its own version, from one map. Each is rolled
# out by itself: one whose release fails does not hold up the others.

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//many-endpoints"
}

locals {
  # The versions that pull requests bump.
  services = {
    checkout = { version = var.release_version, min = 2 }
    search   = { version = var.release_version, min = 1 }
    account  = { version = var.release_version, min = 1 }
  }
}

resource "ionroller_endpoint" "service" {
  for_each = local.services

  name    = each.key
  version = each.value.version

  container = { image = "acme/${each.key}" }

  beanstalk = {
    vpc_id  = var.vpc_id
    subnets = var.subnets
  }

  capacity = { min = each.value.min }

  health = {
    path                 = "/healthz"
    deregistration_delay = "5s"
  }

  # All on one listener: a rule for each.
  routing = {
    listener_arn = var.listener_arn
    hosts        = ["${each.key}.example.com"]
  }

  deletion_protection = false # an example is to be thrown away
}

output "urls" {
  value = { for name, endpoint in ionroller_endpoint.service : name => endpoint.url }
}
