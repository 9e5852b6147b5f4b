# Instances of a new release take the place of the old ones, one after the other.

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//instance-by-instance"

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

  # One instance of the new release takes the place of one of the old, is watched,
  # and the next follows. The last step holds for all further instances.
  # Minutes in production; seconds here, so that it can be tried out.
  rollout = {
    by = "instance"
    steps = [
      { bake = "3s" },
      { bake = "1s" },
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
