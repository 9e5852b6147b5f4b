// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"encoding"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/configuration"
	"github.com/ionroller/terraform-provider-ionroller/internal/command/release"
	"github.com/ionroller/terraform-provider-ionroller/internal/doctor"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// shapes are the objects that commands print as JSON, by their headings in the guide.
var shapes = map[string]any{
	"Status report":        report{},
	"Status":               status{},
	"Rollout":              rolloutStatus{},
	"Environment":          environmentStatus{},
	"Holder":               holderStatus{},
	"Daemon":               daemonStatus{},
	"Takeover":             endpoint.Takeover{},
	"Old group":            endpoint.OldGroup{},
	"Lease":                endpoint.Lease{},
	"Pin":                  endpoint.Pin{},
	"Rejection":            endpoint.Rejection{},
	"Stall":                endpoint.Stall{},
	"Outcome":              endpoint.Outcome{},
	"Evidence":             endpoint.Evidence{},
	"Who":                  endpoint.Who{},
	"Event":                endpoint.Event{},
	"Verdict":              verdict{},
	"Watched event":        watchedEvent{},
	"Watched status":       watchedStatus{},
	"Sight":                sight{},
	"Step":                 sightStep{},
	"Alarm":                sightAlarm{},
	"Configuration":        configShown{},
	"Former configuration": configEvent{},
	"Change":               configuration.Change{},
	"Difference":           difference{},
	"Item":                 rollout.Item{},
	"Next":                 next{},
	"Release":              release.Report{},
	"Preview":              release.Preview{},
	"Planned rollout":      release.Rollout{},
	"Finding":              doctor.Finding{},
	"Version":              versionInfo{},
}

// The guide names every field that a command prints as JSON, with its type, and no
// others.
func TestOutputIsAsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../templates/guides/command-output.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, section := range strings.Split(string(text), "\n### ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		sections[title] = body
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]*) \\| .+ \\|$")
	for title, shape := range shapes {
		want := fields(t, reflect.TypeOf(shape))
		var got []string
		for _, m := range row.FindAllStringSubmatch(sections[title], -1) {
			got = append(got, m[1]+": "+m[2])
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is documented as\n\t%s\nand is\n\t%s", title, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
		for i := range reflect.TypeOf(shape).NumField() {
			if f := reflect.TypeOf(shape).Field(i); f.Anonymous && !strings.Contains(sections[title], "those of "+word(t, f.Type)) {
				t.Errorf("%s does not say that it has the fields of %s, too", title, word(t, f.Type))
			}
		}
	}
	for _, e := range exitCodes {
		if !strings.Contains(string(text), fmt.Sprintf("\n| %d | %s |\n", e.code, e.meaning)) {
			t.Errorf("exit code %d is not documented as: %s", e.code, e.meaning)
		}
	}
	for _, c := range New("").Commands() {
		if c.Flags().Lookup("output") != nil && !strings.Contains(string(text), fmt.Sprintf("\n| [`%s`](command-%[1]s.md) | ", c.Name())) {
			t.Errorf("the guide does not say what ionroller %s prints", c.Name())
		}
	}
	for title := range sections {
		if shapes[title] == nil {
			t.Errorf("%s is documented, and no command prints it", title)
		}
	}
}

// fields are the names and types of a shape's own fields.
func fields(t *testing.T, shape reflect.Type) []string {
	t.Helper()
	var all []string
	for i := range shape.NumField() {
		f := shape.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "-" {
			continue
		}
		kind := word(t, f.Type)
		if strings.Contains(options, "omit") {
			kind = strings.TrimSuffix(kind, " or null") + ", or absent"
		}
		all = append(all, name+": "+kind)
	}
	return all
}

// word is what the guide calls a type.
func word(t *testing.T, kind reflect.Type) string {
	t.Helper()
	switch {
	case kind.Kind() == reflect.Pointer:
		return word(t, kind.Elem()) + " or null"
	case kind == reflect.TypeFor[time.Time]():
		return "time"
	case kind == reflect.TypeFor[json.RawMessage]():
		return "object"
	case kind.Implements(reflect.TypeFor[encoding.TextMarshaler]()), kind.Kind() == reflect.String:
		return "text"
	case kind.Kind() == reflect.Slice:
		return "list of " + word(t, kind.Elem())
	case kind.Kind() == reflect.Map:
		return "object of " + word(t, kind.Elem())
	case kind.Kind() == reflect.Bool:
		return "boolean"
	case kind.Kind() >= reflect.Int && kind.Kind() <= reflect.Float64:
		return "number"
	}
	for title, shape := range shapes {
		if reflect.TypeOf(shape) == kind {
			return fmt.Sprintf("[%s](#%s)", title, strings.ReplaceAll(strings.ToLower(title), " ", "-"))
		}
	}
	t.Errorf("%s has no heading", kind)
	return kind.String()
}
