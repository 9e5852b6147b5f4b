# Blue and green by hand: a deployment changes the idle one, and then the weights.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "listener_arn" {
  description = "Listener of the Application Load Balancer that takes the traffic."
  type        = string
}

variable "blue" {
  description = "Target group of the blue environment."
  type        = string
}

variable "green" {
  description = "Target group of the green environment."
  type        = string
}

resource "aws_lb_listener_rule" "checkout" {
  listener_arn = var.listener_arn
  priority     = 40

  condition {
    host_header {
      values = ["checkout.example.com"]
    }
  }

  action {
    type = "forward"

    forward {
      target_group {
        arn    = var.blue
        weight = 100
      }

      target_group {
        arn    = var.green
        weight = 0
      }
    }
  }
}

output "rule_arn" {
  value = aws_lb_listener_rule.checkout.arn
}
