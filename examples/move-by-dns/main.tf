# DNS moves users from one load balancer to another. The endpoint is deployed behind
# the new one first, and does not keep the record while its weights change.

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
  owner  = "acme/examples//move-by-dns"
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
    listener_arn = var.listener_arn
    hosts        = [var.host]
  }

  deletion_protection = false # an example is to be thrown away
}

locals {
  shares = {
    old = { weight = 100 - var.new_share, to = var.old_load_balancer }
    new = { weight = var.new_share, to = var.new_load_balancer }
  }
}

resource "aws_route53_record" "checkout" {
  for_each = local.shares

  zone_id        = var.zone_id
  name           = var.host
  type           = "A"
  set_identifier = each.key

  weighted_routing_policy {
    weight = each.value.weight
  }

  alias {
    name                   = each.value.to.dns_name
    zone_id                = each.value.to.zone_id
    evaluate_target_health = false
  }

  # No user is sent to a load balancer behind which nothing serves.
  depends_on = [ionroller_endpoint.checkout]
}

output "url" {
  value = ionroller_endpoint.checkout.url
}
