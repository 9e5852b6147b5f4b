// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// factories serve the provider from the test's own process.
var factories = map[string]func() (tfprotov6.ProviderServer, error){
	"ionroller": providerserver.NewProtocol6WithError(New("test")()),
}

const address = "ionroller_endpoint.checkout"

// startSandbox starts a sandbox and lets the environment lead there.
func startSandbox(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Config{Speed: 300})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	surround(t, s.Info())
	return s
}

// surround lets the environment lead to a sandbox.
func surround(t *testing.T, info sandbox.Info) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": info.EndpointURL, "AWS_REGION": info.Region,
		"AWS_ACCESS_KEY_ID": info.AccessKeyID, "AWS_SECRET_ACCESS_KEY": info.SecretAccessKey,
		"AWS_CONFIG_FILE": t.TempDir() + "/none", "AWS_SHARED_CREDENTIALS_FILE": t.TempDir() + "/none", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
}

// configuration is a provider block and an endpoint of a version. Of the rest,
// as much as can be is said.
func configuration(info sandbox.Info, version, more string) string {
	return fmt.Sprintf(`
provider "ionroller" {
  bucket       = %q
  owner        = "acme/infra//test"
  default_tags = { team = "checkout" }
  assume_role  = [{ role_arn = "arn:aws:iam::%s:role/deployer", session_name = "acceptance" }]
}

resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = %q
  container = {
    image       = "acme/checkout"
    port        = 9000
    command     = ["serve", "--all"]
    environment = { GREETING = "hello" }
  }
  beanstalk = {
    instance_type   = "t3.medium"
    vpc_id          = %q
    subnets         = ["%s"]
    security_groups = [%q]
    settings        = [{ namespace = "aws:autoscaling:launchconfiguration", name = "RootVolumeSize", value = "20" }]
  }
  capacity            = { min = 1, max = 3 }
  health              = { path = "/healthz", interval = "10s", deregistration_delay = "1s" }
  routing             = { listener_arn = %q, hosts = ["checkout.example.com"], paths = ["/*"], priority = 40 }
  rollout = {
    steps          = [{ weight = 50, bake = "1s", pause = { deadline = "1s", then = "promote" } }, { weight = 100, bake = "1s" }]
    healthy_within = "5m"
    analysis       = { unhealthy_hosts = 1 }
    extend_bake    = "5m"
    on_failure     = "freeze"
    retry          = 2
  }
  deletion_protection = false
  %s
}
`, info.Bucket, info.AccountID, version, info.VPCID, strings.Join(info.Subnets, `", "`), info.SecurityGroupID, info.ListenerARN, more)
}

func TestAccEndpoint(t *testing.T) {
	s := startSandbox(t)
	info := s.Info()
	const kept = `retention = { keep_for = "2h", max = 3, failed_for = "1h" }`
	shown := func(name string, v knownvalue.Check) plancheck.PlanCheck {
		return plancheck.ExpectKnownValue(address, tfjsonpath.New("rollout_plan").AtMapKey(name), v)
	}
	is := func(name string, v knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), v)
	}
	steps := func(texts ...string) knownvalue.Check {
		var all []knownvalue.Check
		for _, text := range texts {
			all = append(all, knownvalue.StringExact(text))
		}
		return knownvalue.ListExact(all)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		CheckDestroy: func(*terraform.State) error {
			for _, c := range s.Calls() {
				if c.Changing && !strings.HasSuffix(c.Principal, ":assumed-role/deployer/acceptance") {
					return fmt.Errorf("%s was called by %s, not in the role", c.Operation, c.Principal)
				}
			}
			return nil
		},
		Steps: []resource.TestStep{
			{
				Config:      configuration(info, "1.0.0", `timeouts = { update = "1s" }`),
				ExpectError: regexp.MustCompile(`rollout\.steps: the bakes and pauses take up to 3s together`),
			},
			{
				Config: configuration(info, "1.0.0", kept),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
						shown("kind", knownvalue.StringExact("new")), shown("from", knownvalue.Null()), shown("to", knownvalue.StringExact("1.0.0")),
						shown("minimum_duration", knownvalue.StringExact("1s")), shown("peak_instances", knownvalue.Int64Exact(1)),
						plancheck.ExpectUnknownValue(address, tfjsonpath.New("active_environment")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{
					is("status", knownvalue.StringExact("live")), is("url", knownvalue.StringExact("http://checkout.example.com")),
					is("environments", knownvalue.ListSizeExact(1)), is("timeouts", knownvalue.Null()), is("rejections", knownvalue.ListSizeExact(0)),
				},
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: "checkout",
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
				// What the last change did is the state's own knowledge.
				ImportStateVerifyIgnore: []string{"rollout_plan"},
			},
			{
				Config: configuration(info, "1.1.0", kept),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
						shown("kind", knownvalue.StringExact("new")), shown("from", knownvalue.StringExact("1.0.0")),
						shown("minimum_duration", knownvalue.StringExact("2s")), shown("peak_instances", knownvalue.Int64Exact(2)),
						shown("steps", steps(
							"create an environment of 1.1.0: 1 instance of t3.medium",
							"traffic: 1.1.0 50 %, 1.0.0 50 %, watched for 1s, then paused until it is promoted, at most for 1s (then promote)",
							"traffic: 1.1.0 100 %, watched for 1s",
							"keep 1.0.0 hot with 1 instance for 2h",
						)),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{
					is("environments", knownvalue.ListSizeExact(2)),
					is("last_rollout", knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"outcome": knownvalue.StringExact("succeeded"), "from": knownvalue.StringExact("1.0.0"), "reason": knownvalue.Null(),
						"rejected": knownvalue.Bool(false), "evidence": knownvalue.Null(),
					})),
				},
			},
			{
				// The same durations, written in another way, and another capacity.
				Config: strings.Replace(configuration(info, "1.1.0", `retention = { keep_for = "120m", max = 3, failed_for = "60m" }`), "max = 3 }\n  health", "max = 4 }\n  health", 1),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						shown("kind", knownvalue.StringExact("update")),
						shown("steps", steps("change the capacity of 1.1.0 to 1-4 instances")),
						plancheck.ExpectKnownValue(address, tfjsonpath.New("retention").AtMapKey("keep_for"), knownvalue.StringExact("2h")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
			},
			{
				Config: configuration(info, "1.0.0", kept),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						shown("kind", knownvalue.StringExact("hot")), shown("minimum_duration", knownvalue.StringExact("0s")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{is("version", knownvalue.StringExact("1.0.0"))},
			},
		},
	})
}
