# What a run of terraform apply in CI may do with endpoints: the policy that
#   ionroller iam-policy --for provider -o hcl
# prints. Attach it, and AWS's managed policy AdministratorAccess-AWSElasticBeanstalk,
# to the role that CI assumes. Who makes the rest of this example needs more.

data "aws_iam_policy_document" "ionroller" {
  statement {
    sid = "Look"
    actions = [
      "autoscaling:DescribeAutoScalingGroups",
      "cloudformation:DescribeStackResources",
      "cloudwatch:DescribeAlarmHistory",
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetMetricData",
      "ecr:DescribeImages",
      "elasticbeanstalk:DescribeAccountAttributes",
      "elasticbeanstalk:DescribeApplicationVersions",
      "elasticbeanstalk:DescribeApplications",
      "elasticbeanstalk:DescribeEnvironments",
      "elasticbeanstalk:DescribeEvents",
      "elasticbeanstalk:DescribePlatformVersion",
      "elasticbeanstalk:ListPlatformVersions",
      "elasticbeanstalk:ListTagsForResource",
      "elasticloadbalancing:DescribeAccountLimits",
      "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeRules",
      "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
      "route53:GetHostedZone",
      "route53:ListResourceRecordSets",
    ]
    resources = [
      "*",
    ]
  }

  statement {
    sid = "FindJournal"
    actions = [
      "s3:ListBucket",
    ]
    resources = [
      "arn:aws:s3:::${aws_s3_bucket.deployments.bucket}",
    ]
  }

  statement {
    sid = "ReadTrail"
    actions = [
      "s3:GetObject",
    ]
    resources = [
      "arn:aws:s3:::${aws_s3_bucket.deployments.bucket}/trail/*/*/*/*",
    ]
  }

  statement {
    sid = "HearDaemons"
    actions = [
      "s3:GetObject",
    ]
    resources = [
      "arn:aws:s3:::${aws_s3_bucket.deployments.bucket}/daemons/*/*/*",
    ]
  }

  statement {
    sid = "KeepRecords"
    actions = [
      "s3:GetObject",
      "s3:PutObject",
    ]
    resources = [
      "arn:aws:s3:::${aws_s3_bucket.deployments.bucket}/records/*/*/*.json",
    ]
  }

  statement {
    sid = "AddToTrail"
    actions = [
      "s3:PutObject",
    ]
    resources = [
      "arn:aws:s3:::${aws_s3_bucket.deployments.bucket}/trail/*/*/*/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "s3:if-none-match"
      values   = ["*"]
    }
  }

  statement {
    sid = "AddConfigurations"
    actions = [
      "s3:PutObject",
    ]
    resources = [
      "arn:aws:s3:::${aws_s3_bucket.deployments.bucket}/configurations/*/*/*/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "s3:if-none-match"
      values   = ["*"]
    }
  }

  statement {
    sid = "ObeyOrders"
    actions = [
      "s3:DeleteObject",
      "s3:GetObject",
    ]
    resources = [
      "arn:aws:s3:::${aws_s3_bucket.deployments.bucket}/orders/*/*/*/*",
    ]
  }

  statement {
    sid = "MakeRules"
    actions = [
      "elasticloadbalancing:CreateRule",
    ]
    resources = [
      "arn:aws:elasticloadbalancing:*:*:listener/app/*",
    ]
  }

  statement {
    sid = "KeepRules"
    actions = [
      "elasticloadbalancing:AddTags",
      "elasticloadbalancing:DeleteRule",
      "elasticloadbalancing:ModifyRule",
      "elasticloadbalancing:SetRulePriorities",
    ]
    resources = [
      "arn:aws:elasticloadbalancing:*:*:listener-rule/app/*",
    ]
  }

  statement {
    sid = "MoveInstances"
    actions = [
      "elasticloadbalancing:DeregisterTargets",
      "elasticloadbalancing:RegisterTargets",
    ]
    resources = [
      "arn:aws:elasticloadbalancing:*:*:targetgroup/awseb-*",
    ]
  }

  statement {
    sid = "HoldCapacity"
    actions = [
      "autoscaling:AttachLoadBalancerTargetGroups",
      "autoscaling:DetachLoadBalancerTargetGroups",
      "autoscaling:ResumeProcesses",
      "autoscaling:SuspendProcesses",
      "autoscaling:UpdateAutoScalingGroup",
    ]
    resources = [
      "arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/awseb-*",
    ]
  }

  statement {
    sid = "PointHosts"
    actions = [
      "route53:ChangeResourceRecordSets",
    ]
    resources = [
      "arn:aws:route53:::hostedzone/*",
    ]
  }

  statement {
    sid = "KeepEnvironments"
    actions = [
      "elasticbeanstalk:AddTags",
      "elasticbeanstalk:CreateApplication",
      "elasticbeanstalk:CreateApplicationVersion",
      "elasticbeanstalk:CreateEnvironment",
      "elasticbeanstalk:DeleteApplication",
      "elasticbeanstalk:DeleteApplicationVersion",
      "elasticbeanstalk:TerminateEnvironment",
      "elasticbeanstalk:UpdateEnvironment",
    ]
    resources = [
      "arn:aws:elasticbeanstalk:*:*:application/*",
      "arn:aws:elasticbeanstalk:*:*:applicationversion/*/*",
      "arn:aws:elasticbeanstalk:*:*:environment/*/*",
    ]
  }

  statement {
    sid = "KeepBundles"
    actions = [
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:PutObject",
    ]
    resources = [
      "arn:aws:s3:::${aws_s3_bucket.deployments.bucket}/bundles/*/*/*/*",
    ]
  }

  statement {
    sid = "GiveRoles"
    actions = [
      "iam:PassRole",
    ]
    resources = [
      aws_iam_role.instances.arn,
      aws_iam_role.service.arn,
    ]
  }
}

resource "aws_iam_policy" "ci" {
  name_prefix = "ionroller-ci-"
  policy      = data.aws_iam_policy_document.ionroller.json
}
