// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// Another configuration of the same owner sees what runs, and what happened; its
// steps are made by functions.
func TestAccDataSourcesAndFunctions(t *testing.T) {
	info := startSandbox(t).Info()
	const looks = `
data "ionroller_endpoint" "checkout" {
  name       = "checkout"
  depends_on = [ionroller_endpoint.checkout]
}
data "ionroller_endpoints" "all" {
  depends_on = [ionroller_endpoint.checkout]
}
data "ionroller_events" "moves" {
  endpoint   = "checkout"
  types      = ["TrafficMoved", "RolloutFinished"]
  version    = "1.0.0"
  since      = "2020-01-01T00:00:00Z"
  depends_on = [ionroller_endpoint.checkout]
}
data "ionroller_events" "newest" {
  endpoint   = "checkout"
  last       = 1
  depends_on = [ionroller_endpoint.checkout]
}
data "ionroller_events" "none" {
  endpoint   = "checkout"
  until      = "2020-01-01T00:00:00Z"
  depends_on = [ionroller_endpoint.checkout]
}
output "linear" { value = provider::ionroller::linear_steps(3, "90s") }
output "canary" { value = provider::ionroller::canary_steps(5, "10m", "60m") }
output "image" { value = provider::ionroller::parse_image("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/checkout:1.2.0") }
output "hub" { value = provider::ionroller::parse_image("acme/checkout") }
`
	step := func(weight int64, bake string) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{"weight": knownvalue.Int64Exact(weight), "bake": knownvalue.StringExact(bake)})
	}
	of := func(data string, path tfjsonpath.Path, v knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data."+data, path, v)
	}
	text := knownvalue.StringExact
	const checkout = "ionroller_endpoint.checkout"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config:      configuration(info, "1.0.0", "") + `data "ionroller_endpoint" "search" { name = "search" }`,
				ExpectError: regexp.MustCompile(`There is no endpoint search`),
			},
			{
				Config:      configuration(info, "1.0.0", "") + `output "x" { value = provider::ionroller::linear_steps(101, "1m") }`,
				ExpectError: regexp.MustCompile(`there are 1 to 100`),
			},
			{
				Config:      configuration(info, "1.0.0", "") + `output "x" { value = provider::ionroller::canary_steps(5, "1m", "soon") }`,
				ExpectError: regexp.MustCompile(`"soon"`),
			},
			{
				Config:      configuration(info, "1.0.0", "") + `output "x" { value = provider::ionroller::parse_image("Acme Checkout") }`,
				ExpectError: regexp.MustCompile(`is not the name of an\s+image`),
			},
			{
				Config: configuration(info, "1.0.0", "") + looks,
				ConfigStateChecks: []statecheck.StateCheck{
					of(checkout, tfjsonpath.New("live_version"), text("1.0.0")), of(checkout, tfjsonpath.New("status"), text("live")),
					of(checkout, tfjsonpath.New("container").AtMapKey("environment").AtMapKey("GREETING"), text("hello")),
					of(checkout, tfjsonpath.New("url"), text("http://checkout.example.com")),
					of(checkout, tfjsonpath.New("environments").AtSliceIndex(0).AtMapKey("role"), text("active")),
					of("ionroller_endpoints.all", tfjsonpath.New("names"), knownvalue.ListExact([]knownvalue.Check{text("checkout")})),
					of("ionroller_endpoints.all", tfjsonpath.New("endpoints").AtSliceIndex(0).AtMapKey("phase"), text("live")),
					of("ionroller_events.moves", tfjsonpath.New("events"), knownvalue.ListSizeExact(2)),
					of("ionroller_events.moves", tfjsonpath.New("events").AtSliceIndex(1).AtMapKey("type"), text("RolloutFinished")),
					of("ionroller_events.newest", tfjsonpath.New("events"), knownvalue.ListSizeExact(1)),
					of("ionroller_events.none", tfjsonpath.New("events"), knownvalue.ListSizeExact(0)),
					statecheck.ExpectKnownOutputValue("linear", knownvalue.ListExact([]knownvalue.Check{step(33, "1m30s"), step(66, "1m30s"), step(100, "1m30s")})),
					statecheck.ExpectKnownOutputValue("canary", knownvalue.ListExact([]knownvalue.Check{step(5, "10m"), step(100, "1h")})),
					statecheck.ExpectKnownOutputValue("image", knownvalue.ObjectExact(map[string]knownvalue.Check{
						"image": text("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/checkout"), "registry": text("123456789012.dkr.ecr.us-east-1.amazonaws.com"),
						"repository": text("team/checkout"), "tag": text("1.2.0"), "digest": knownvalue.Null(),
					})),
					statecheck.ExpectKnownOutputValue("hub", knownvalue.ObjectPartial(map[string]knownvalue.Check{"image": text("acme/checkout"), "tag": knownvalue.Null()})),
				},
			},
		},
	})
}
