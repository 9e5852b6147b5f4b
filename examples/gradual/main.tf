# Traffic moves in three steps, each watched for a while, and two old
# environments are kept hot.

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//gradual"

  default_tags = {
    team = "checkout"
  }
}

resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = var.release_version

  container = {
    image       = "acme/checkout"
    port        = 8080
    environment = { LOG_LEVEL = "info" }
  }

  beanstalk = {
    instance_type = "t3.small"
    vpc_id        = var.vpc_id
    subnets       = var.subnets
    settings = [
      { namespace = "aws:autoscaling:launchconfiguration", name = "RootVolumeSize", value = "20" },
    ]
  }

  capacity = { min = 2, max = 4 }

  health = {
    path                 = "/healthz"
    deregistration_delay = "5s"
  }

  routing = {
    listener_arn = var.listener_arn
    hosts        = ["checkout.example.com"]
    paths        = ["/*"]
  }

  # Minutes in production; seconds here, so that it can be tried out.
  rollout = {
    steps = [
      { weight = 10, bake = "3s" },
      { weight = 50, bake = "2s" },
      { weight = 100, bake = "2s" },
    ]
    healthy_within = "10m"
  }

  retention = { keep_for = "1h", max = 2 }

  deletion_protection = false # an example is to be thrown away

  timeouts = {
    create = "30m"
    update = "30m"
  }
}

output "live" {
  value = ionroller_endpoint.checkout.active_environment
}

output "last_rollout" {
  description = "How the last rollout ended."
  value       = ionroller_endpoint.checkout.last_rollout
}
