# Who the instances are, who Elastic Beanstalk is, and what CI may do.

data "aws_iam_policy_document" "assumed_by_instances" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "instances" {
  name_prefix        = "ionroller-instances-"
  assume_role_policy = data.aws_iam_policy_document.assumed_by_instances.json
}

resource "aws_iam_role_policy_attachment" "instances" {
  for_each = toset([
    "arn:aws:iam::aws:policy/AWSElasticBeanstalkWebTier",
    "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
  ])

  role       = aws_iam_role.instances.name
  policy_arn = each.value
}

# AWSElasticBeanstalkWebTier reads Elastic Beanstalk's own buckets only.
data "aws_iam_policy_document" "bundles" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.deployments.arn}/bundles/*"]
  }
}

resource "aws_iam_role_policy" "bundles" {
  name   = "bundles"
  role   = aws_iam_role.instances.id
  policy = data.aws_iam_policy_document.bundles.json
}

resource "aws_iam_instance_profile" "instances" {
  name_prefix = "ionroller-instances-"
  role        = aws_iam_role.instances.name
}

data "aws_iam_policy_document" "assumed_by_beanstalk" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["elasticbeanstalk.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["elasticbeanstalk"]
    }
  }
}

resource "aws_iam_role" "service" {
  name_prefix        = "ionroller-service-"
  assume_role_policy = data.aws_iam_policy_document.assumed_by_beanstalk.json
}

resource "aws_iam_role_policy_attachment" "service" {
  role       = aws_iam_role.service.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSElasticBeanstalkEnhancedHealth"
}
