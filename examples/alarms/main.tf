# Alarms of the AWS provider that watch over the rollouts of an endpoint.

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
  owner  = "acme/examples//alarms"
}

# Errors of everything behind the load balancer: also the neighbours'. No error
# makes no datapoint, which is not a reason to fire.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "checkout-5xx"
  alarm_description   = "The services behind the load balancer answer with errors."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_Target_5XX_Count"
  dimensions          = { LoadBalancer = var.load_balancer }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 10
  treat_missing_data  = "notBreaching"
}

# What the business notices, from a metric that the service itself writes.
resource "aws_cloudwatch_metric_alarm" "refused" {
  alarm_name          = "checkout-refused"
  alarm_description   = "Payments are refused."
  namespace           = "Acme/Checkout"
  metric_name         = "Refused"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  treat_missing_data  = "notBreaching"
}

resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = var.release_version

  container = { image = "acme/checkout" }

  beanstalk = {
    vpc_id  = var.vpc_id
    subnets = var.subnets
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
    # The id of an alarm is its name, and is known when the alarm exists.
    alarms = [aws_cloudwatch_metric_alarm.errors.id, aws_cloudwatch_metric_alarm.refused.id]
  }

  deletion_protection = false # an example is to be thrown away
}

output "url" {
  value = ionroller_endpoint.checkout.url
}
