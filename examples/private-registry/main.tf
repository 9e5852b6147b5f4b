# An image in a private registry, a password in Secrets Manager, a directory of the
# instance for the container, and files on the instance by .ebextensions. Neither
# the credentials nor the password are in the configuration, the state or the
# journal: only the instances read them, with their instance profile.

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  bucket = var.bucket
  owner  = "acme/examples//private-registry"
}

resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = var.release_version

  container = {
    image = "registry.example.com/acme/checkout"
    port  = 8080

    # Not needed for Amazon ECR: there the instance profile is enough.
    registry_auth = { key = var.registry_credentials }

    environment = { DB_USER = "checkout" }
    secrets     = { DB_PASSWORD = var.password_arn }

    volumes = [
      { host_directory = "/var/app/uploads", container_directory = "/uploads" },
    ]
  }

  beanstalk = {
    vpc_id           = var.vpc_id
    subnets          = var.subnets
    instance_profile = "aws-elasticbeanstalk-ec2-role"

    settings = [
      { namespace = "aws:autoscaling:launchconfiguration", name = "RootVolumeSize", value = "20" },
      { namespace = "aws:elasticbeanstalk:cloudwatch:logs", name = "StreamLogs", value = "true" },
    ]

    extensions = {
      "10-uploads.config" = yamlencode({
        commands = {
          "01_uploads" = { command = "install -d -m 0770 /var/app/uploads" }
        }
      })
      "20-kernel.config" = yamlencode({
        files = {
          "/etc/sysctl.d/90-backlog.conf" = {
            mode    = "000644"
            content = "net.core.somaxconn = 4096\n"
          }
        }
        commands = {
          "02_kernel" = { command = "sysctl --system" }
        }
      })
    }
  }

  routing = {
    listener_arn = var.listener_arn
    hosts        = ["checkout.example.com"]
  }

  deletion_protection = false # an example is to be thrown away
}

output "url" {
  value = ionroller_endpoint.checkout.url
}
