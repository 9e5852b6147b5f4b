terraform {
  required_providers {
    ionroller = {
      source = "ionroller/ionroller"
    }
  }
}

provider "ionroller" {
  region = "us-east-1"
  bucket = "acme-deployments" # bundles, and the journal of what happened
  owner  = "acme/infra//prod" # whose endpoints these are

  default_tags = {
    team = "checkout"
  }
}
