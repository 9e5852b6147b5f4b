resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = "1.1.0" # the line that a pull request bumps

  container = {
    image       = "acme/checkout"
    port        = 8080
    environment = { LOG_LEVEL = "info" }
  }

  beanstalk = {
    instance_type = "t3.small"
    vpc_id        = "vpc-0a1b2c3d4e5f60718"
    subnets       = ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"]
  }

  capacity = { min = 2, max = 4 }
  health   = { path = "/healthz" }

  routing = {
    listener_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"
    hosts        = ["checkout.acme.com"]
  }

  rollout = {
    steps = [
      { weight = 5, bake = "10m" },
      { weight = 50, bake = "5m" },
      { weight = 100, bake = "10m" },
    ]
  }

  retention = { keep_for = "1h", max = 2 }
}
