# The record is a simple one by now, and the endpoint keeps it from here on.

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

removed {
  from = aws_route53_record.checkout

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
    listener_arn = var.listener_arn
    hosts        = [var.host]
  }

  dns = { zone_id = var.zone_id }

  deletion_protection = false # an example is to be thrown away
}
