data "ionroller_endpoints" "all" {}

output "versions" {
  value = { for e in data.ionroller_endpoints.all.endpoints : e.name => e.live_version }
}
