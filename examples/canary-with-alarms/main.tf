# A canary that CloudWatch watches over: two alarms, and an analysis of what the
# load balancer measured of the new release beside the old one.
#
# Metrics come by the minute. On the sandbox a minute is a second with
# ionroller sandbox --time-scale 60

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//canary-with-alarms"
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

  rollout = {
    steps = [
      { weight = 20, bake = "5m" },
      { weight = 100, bake = "5m" },
    ]

    # Where the alarms are made in the same configuration, refer to their id: it is
    # their name, and Terraform knows it only once they exist.
    #   alarms = [aws_cloudwatch_metric_alarm.errors.id, aws_cloudwatch_metric_alarm.orders.id]
    alarms = var.alarms

    analysis = {
      error_rate       = { max = 1, max_ratio = 2 } # percent; times the old release's
      latency          = { percentile = 99, max = "800ms" }
      minimum_requests = 20
    }
  }

  retention = { keep_for = "2h", max = 2, failed_for = "30m" }

  deletion_protection = false # an example is to be thrown away
}

# One of the alarms, as the AWS provider makes it:
#
# resource "aws_cloudwatch_metric_alarm" "errors" {
#   alarm_name          = "checkout-5xx"
#   namespace           = "AWS/ApplicationELB"
#   metric_name         = "HTTPCode_Target_5XX_Count"
#   dimensions          = { LoadBalancer = aws_lb.public.arn_suffix }
#   statistic           = "Sum"
#   period              = 60
#   evaluation_periods  = 3
#   datapoints_to_alarm = 2
#   comparison_operator = "GreaterThanThreshold"
#   threshold           = 10
#   treat_missing_data  = "notBreaching" # no error makes no datapoint
# }

output "last_rollout" {
  description = "How the last rollout ended, and what spoke against it."
  value       = ionroller_endpoint.checkout.last_rollout
}
