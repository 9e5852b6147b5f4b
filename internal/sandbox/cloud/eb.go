// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// beanstalk is Elastic Beanstalk.
type beanstalk struct{ *Cloud }

type application struct {
	name, description string
	created, updated  time.Time
	lifecycle         *types.ApplicationResourceLifecycleConfig
	tags              tags
	versions          []*applicationVersion // the newest first
}

type applicationVersion struct {
	types.ApplicationVersionDescription
	tags tags
}

type environment struct {
	types.EnvironmentDescription
	options   options
	tags      tags
	requestID string // of the last operation
	work      *workflow
	failed    bool // the last operation ended with errors, and nothing has been healthy since
	causes    []string

	terminated    time.Time
	group         string // ARN of the target group, empty when there is none
	rules         []string
	races         bool              // chooses its rules' priorities too early
	priorities    map[*listener]int // that it has chosen
	securityGroup string
	scalingGroup  string // name, empty when there is none
	template      launchTemplate
}

func (e *environment) name() string { return *e.EnvironmentName }
func (e *environment) id() string   { return *e.EnvironmentId }

func invalidValue(format string, args ...any) error {
	return wire.Errorf("InvalidParameterValue", format, args...)
}

func invalidCombination(format string, args ...any) error {
	return wire.Errorf("InvalidParameterCombination", format, args...)
}

func invalidOption(namespace, name, v, reason string) error {
	return wire.Errorf("ConfigurationValidationException",
		"Configuration validation exception: Invalid option value: '%s' (Namespace: '%s', OptionName: '%s'): %s", v, namespace, name, reason)
}

func (c *Cloud) application(name string) (*application, error) {
	for _, a := range c.applications {
		if a.name == name {
			return a, nil
		}
	}
	return nil, invalidValue("No Application named '%s' found.", name)
}

func (a *application) version(label string) (*applicationVersion, error) {
	for _, v := range a.versions {
		if *v.VersionLabel == label {
			return v, nil
		}
	}
	return nil, invalidValue("No Application Version named '%s' found.", label)
}

// environment finds one by id or, among those that are not terminated, by name.
func (c *Cloud) environment(id, name *string) (*environment, error) {
	if id == nil && name == nil {
		return nil, wire.Errorf("MissingParameter", "Either EnvironmentId or EnvironmentName is required.")
	}
	for _, e := range c.environments {
		if (id == nil || e.id() == *id) && (name == nil || e.name() == *name) &&
			(id != nil || e.Status != types.EnvironmentStatusTerminated) {
			return e, nil
		}
	}
	if id != nil {
		return nil, invalidValue("No Environment found for EnvironmentId = '%s'.", *id)
	}
	return nil, invalidValue("No Environment found for EnvironmentName = '%s'.", *name)
}

// ready refuses operations on an environment that is busy or gone.
func (e *environment) ready() error {
	if e.Status != types.EnvironmentStatusReady {
		return invalidValue("Environment named %s is in an invalid state for this operation. Must be Ready.", e.name())
	}
	return nil
}

// present are the environments that are not terminated.
func (c *Cloud) present() []*environment {
	return slices.DeleteFunc(slices.Clone(c.environments), func(e *environment) bool {
		return e.Status == types.EnvironmentStatusTerminated
	})
}

// terminatedListing is how long a terminated environment stays listed.
const terminatedListing = time.Hour

func (c *Cloud) forgetTerminated(now time.Time) {
	c.environments = slices.DeleteFunc(c.environments, func(e *environment) bool {
		return e.Status == types.EnvironmentStatusTerminated && now.After(e.terminated.Add(c.scaled(terminatedListing)))
	})
}

// checkLength holds a text to a range of characters.
func checkLength(member, text string, least, most int) error {
	if n := len([]rune(text)); n < least || n > most {
		return invalidValue("Value '%s' at '%s' failed to satisfy constraint: Member must have a length between %d and %d", text, member, least, most)
	}
	return nil
}

func storageBucket(region, account string) string {
	return fmt.Sprintf("elasticbeanstalk-%s-%s", region, account)
}
