# Everything that an endpoint needs in an empty account, with the AWS provider beside
# ours: network, load balancer, roles, bucket, and the endpoint.

terraform {
  required_version = ">= 1.11"
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

provider "aws" {
  region = var.region
}

provider "ionroller" {
  region = var.region
  bucket = aws_s3_bucket.deployments.id # known once the bucket is there
  owner  = "acme/examples//complete"
}

resource "ionroller_endpoint" "hello" {
  name    = "hello"
  version = var.release_version

  container = {
    image = var.image
    port  = 80
  }

  beanstalk = {
    instance_type    = "t3.small"
    vpc_id           = aws_vpc.main.id
    subnets          = values(aws_subnet.public)[*].id
    security_groups  = [aws_security_group.instances.id]
    instance_profile = aws_iam_instance_profile.instances.name
    service_role     = aws_iam_role.service.name
  }

  capacity = { min = 2, max = 4 }
  health   = { path = "/" }

  routing = {
    listener_arn = aws_lb_listener.http.arn
    hosts        = [var.host]
  }

  rollout = {
    steps = [
      { weight = 10, bake = "5m" },
      { weight = 100, bake = "5m" },
    ]
  }

  retention = { max = 1, keep_for = "1h" }

  deletion_protection = false # an example is to be thrown away

  # What has to be there while the endpoint is, and is referred to by nothing above.
  # Without it terraform destroy could take the way to the internet and the
  # permissions from instances that still run.
  depends_on = [
    aws_route.internet,
    aws_route_table_association.public,
    aws_s3_bucket_public_access_block.deployments,
    aws_s3_bucket_server_side_encryption_configuration.deployments,
    aws_iam_role_policy_attachment.instances,
    aws_iam_role_policy_attachment.service,
    aws_iam_role_policy.bundles,
    aws_vpc_security_group_ingress_rule.instances,
    aws_vpc_security_group_egress_rule.instances,
  ]
}
