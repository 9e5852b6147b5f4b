# Which version is live, from another configuration of the same owner.
data "ionroller_endpoint" "checkout" {
  name = "checkout"
}

output "live" {
  value = data.ionroller_endpoint.checkout.live_version
}
