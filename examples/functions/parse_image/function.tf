locals {
  image = provider::ionroller::parse_image("acme/checkout:1.2.0")
}

# container = { image = local.image.image }, version = local.image.tag
output "image" {
  value = local.image
}
