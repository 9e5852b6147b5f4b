# A way to the newest environment before its users get there. The smoke check asks
# it three times, and only then the first request of a user reaches it.
#
# On the sandbox, whose names no DNS server knows, the check needs its proxy:
#   export HTTP_PROXY="$AWS_ENDPOINT_URL" NO_PROXY=127.0.0.1,localhost

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//test-route"
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

  # The new release for whoever asks for it:
  #   curl -H 'X-Release: next' https://checkout.example.com/
  # A host of its own is the other way: test_route = { hosts = ["next.checkout.example.com"] }
  test_route = {
    header = "X-Release"
    values = ["next"]
  }

  rollout = {
    steps = [{ weight = 100, bake = "1m" }]
    smoke = { path = "/healthz", count = 3 }
  }

  deletion_protection = false # an example is to be thrown away
}

output "test_url" {
  value = ionroller_endpoint.checkout.test_url
}
