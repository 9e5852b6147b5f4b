# The same service in two accounts, from one configuration: a provider for each,
# with a role of the account. Each account has a journal of its own.

terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  alias       = "staging"
  bucket      = var.staging.bucket
  owner       = "acme/examples//several-accounts"
  assume_role = [{ role_arn = var.staging.role_arn }]
}

provider "ionroller" {
  alias       = "production"
  bucket      = var.production.bucket
  owner       = "acme/examples//several-accounts"
  assume_role = [{ role_arn = var.production.role_arn }]
}

resource "ionroller_endpoint" "staging" {
  provider = ionroller.staging

  name    = "checkout"
  version = var.release_version

  container = { image = "acme/checkout" }
  capacity  = { min = 1 }

  beanstalk = {
    vpc_id  = var.staging.vpc_id
    subnets = var.staging.subnets
  }

  routing = {
    listener_arn = var.staging.listener_arn
    hosts        = ["checkout.staging.example.com"]
  }

  deletion_protection = false
}

# Production follows when staging has the release.
resource "ionroller_endpoint" "production" {
  provider   = ionroller.production
  depends_on = [ionroller_endpoint.staging]

  name    = "checkout"
  version = var.release_version

  container = { image = "acme/checkout" }

  beanstalk = {
    vpc_id  = var.production.vpc_id
    subnets = var.production.subnets
  }

  routing = {
    listener_arn = var.production.listener_arn
    hosts        = ["checkout.example.com"]
  }

  deletion_protection = false # an example is to be thrown away
}
