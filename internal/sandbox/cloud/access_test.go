// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNeedsAreOfServedOperations: a misspelt action or member would make a
// permission harmless without anybody noticing.
func TestNeedsAreOfServedOperations(t *testing.T) {
	receivers := map[string]any{
		"autoscaling": scalingService{}, "cloudformation": formation{}, "cloudwatch": monitoring{}, "elasticbeanstalk": beanstalk{},
		"ecr": registry{}, "iam": identities{}, "elasticloadbalancing": balancing{}, "sts": tokenService{},
	}
	member := regexp.MustCompile(`\{([A-Z]\w*)\}`)
	check := func(action, template string, more ...string) {
		service, operation, _ := strings.Cut(action, ":")
		if service == "route53" { // written by hand; its one member is ID
			if !slices.Contains(route53Operations, operation) || !strings.HasSuffix(template, "/{ID}") {
				t.Errorf("%s is not served, or needs %s", action, template)
			}
			return
		}
		m, ok := reflect.TypeOf(receivers[service]).MethodByName(operation)
		if !ok {
			t.Errorf("%s is not served", action)
			return
		}
		for _, found := range member.FindAllStringSubmatch(template, -1) {
			more = append(more, found[1])
		}
		for _, name := range more {
			if _, ok := m.Type.In(2).Elem().FieldByName(name); !ok {
				t.Errorf("%s has no member %s", action, name)
			}
		}
	}
	for action, template := range resources {
		check(action, template)
	}
	for action, extra := range tagging {
		check(action, extra.resources[0], "Tags")
	}
	for _, operation := range route53Operations {
		if changes(operation) && resources["route53:"+operation] == "" && operation != "CreateHostedZone" {
			t.Errorf("route53:%s has no resource", operation)
		}
	}
	// What changes something by itself must name what it changes.
	for service, receiver := range receivers {
		for i := range reflect.TypeOf(receiver).NumMethod() {
			m := reflect.TypeOf(receiver).Method(i)
			action := service + ":" + m.Name
			if m.Type.NumIn() != 3 || !changes(m.Name) || resources[action] != "" {
				continue
			}
			switch action {
			case service + ":ServeHTTP", // no operation
				"cloudwatch:PutMetricData", // has no resource in AWS
				"elasticbeanstalk:CreateStorageLocation",
				"elasticbeanstalk:UpdateTagsForResource", "elasticloadbalancing:SetRulePriorities": // see needs
			default:
				t.Errorf("%s has no resource", action)
			}
		}
	}
}
