# The least an endpoint needs: all traffic moves at once, when the new environment
# is healthy, and the old one stays hot for an hour.

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//minimal"
}

resource "ionroller_endpoint" "hello" {
  name    = "hello"
  version = var.release_version

  container = {
    image = "acme/hello"
    port  = 8080
  }

  beanstalk = {
    vpc_id  = var.vpc_id
    subnets = var.subnets
  }

  routing = {
    listener_arn = var.listener_arn
    hosts        = ["hello.example.com"]
  }

  deletion_protection = false # an example is to be thrown away
}

output "url" {
  value = ionroller_endpoint.hello.url
}
