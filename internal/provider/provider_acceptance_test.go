// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// small is an endpoint with as little said as can be.
func small(name, provider, listener, vpc string, subnets []string) string {
	return fmt.Sprintf(`
resource "ionroller_endpoint" %[1]q {
  provider  = %[2]s
  name      = %[1]q
  version   = "1.0.0"
  container = { image = "acme/%[1]s" }
  beanstalk = { vpc_id = %[4]q, subnets = ["%[5]s"] }
  capacity  = { min = 1 }
  health    = { path = "/healthz", deregistration_delay = "1s" }
  routing   = { listener_arn = %[3]s, hosts = ["%[1]s.example.com"] }
  deletion_protection = false
}
`, name, provider, listener, vpc, strings.Join(subnets, `", "`))
}

// The bucket, the Region and the listener are made by the same run: what depends on
// them is unknown at plan, and the apply goes through.
func TestAccUnknownAtPlan(t *testing.T) {
	info := startSandbox(t).Info()
	made := func(trigger string) string {
		return fmt.Sprintf(`
resource "terraform_data" "made" {
  input            = { bucket = %q, region = %q, listener = %q }
  triggers_replace = %q
}
provider "ionroller" {
  bucket = terraform_data.made.output.bucket
  region = terraform_data.made.output.region
  owner  = "acme"
}
`, info.Bucket, info.Region, info.ListenerARN, trigger) + small("checkout", "ionroller", "terraform_data.made.output.listener", info.VPCID, info.Subnets)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: made("1"),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
						plancheck.ExpectUnknownValue(address, tfjsonpath.New("rollout_plan")),
						plancheck.ExpectUnknownValue(address, tfjsonpath.New("url")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(address, tfjsonpath.New("status"), knownvalue.StringExact("live"))},
			},
			{
				// They are made anew: the endpoint is planned as it was last seen.
				Config: made("2"),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction("terraform_data.made", plancheck.ResourceActionReplace)},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
		},
	})
}
