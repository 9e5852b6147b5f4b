// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// What is wrong with a provider's configuration before AWS is asked.
var (
	bucketName = []validator.String{stringvalidator.LengthBetween(3, 63)}
	accountID  = stringvalidator.RegexMatches(regexp.MustCompile(`^\d{12}$`), "an AWS account's id has twelve digits")
	webAddress = stringvalidator.RegexMatches(regexp.MustCompile(`^https?://[^/\s]+`), "it is the URL of a service, as https://s3.example.com")
)

// together says that an attribute means something only with another.
func together(other string) []validator.String {
	return []validator.String{stringvalidator.AlsoRequires(path.MatchRoot(other))}
}

// Sessions of roles last between these; see AssumeRole of the STS API reference.
const (
	minSession = 15 * time.Minute
	maxSession = 12 * time.Hour
)

// durationBetween wants a duration within bounds.
type durationBetween struct{ least, most time.Duration }

var _ validator.String = durationBetween{}

// Description says what is wanted.
func (d durationBetween) Description(context.Context) string {
	return fmt.Sprintf("a duration from %s to %s", endpoint.Duration(d.least), endpoint.Duration(d.most))
}

// MarkdownDescription says what is wanted.
func (d durationBetween) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

// ValidateString checks a value that is known.
func (d durationBetween) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	v, err := endpoint.ParseDuration(req.ConfigValue.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration", sentence(err))
	} else if v.Std() < d.least || v.Std() > d.most {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration", fmt.Sprintf("%s is not %s.", v, d.Description(ctx)))
	}
}
