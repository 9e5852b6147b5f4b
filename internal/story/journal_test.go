// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// keys lists what is in the bucket.
func (w *world) keys() []string {
	w.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(w.s3, &s3.ListObjectsV2Input{Bucket: &w.info.Bucket})
	for pages.HasMorePages() {
		for _, object := range must[*s3.ListObjectsV2Output](w)(pages.NextPage(w.Context())).Contents {
			keys = append(keys, *object.Key)
		}
	}
	return keys
}

// object reads a JSON object of the bucket.
func (w *world) object(key string, into any) {
	w.Helper()
	out := must[*s3.GetObjectOutput](w)(w.s3.GetObject(w.Context(), &s3.GetObjectInput{Bucket: &w.info.Bucket, Key: &key}))
	defer out.Body.Close()
	if err := json.Unmarshal(must[[]byte](w)(io.ReadAll(out.Body)), into); err != nil {
		w.Fatalf("%s: %v", key, err)
	}
}

func (w *world) record() *endpoint.Record {
	w.Helper()
	var r endpoint.Record
	w.object(w.recordKey(), &r)
	return &r
}

func (w *world) recordKey() string {
	return fmt.Sprintf("records/%s/%s/checkout.json", w.info.AccountID, w.info.Region)
}

// trail reads the endpoint's trail, and checks that nothing of it is missing or
// was changed.
func (w *world) trail() []endpoint.Event {
	w.Helper()
	prefix := fmt.Sprintf("trail/%s/%s/checkout/", w.info.AccountID, w.info.Region)
	var events []endpoint.Event
	previous := ""
	for _, key := range w.keys() {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		var e endpoint.Event
		w.object(key, &e)
		if n := int64(len(events)) + 1; e.Sequence != n || key != fmt.Sprintf("%s%010d.json", prefix, n) {
			w.Errorf("event %d of the trail is %s with sequence %d", n, key, e.Sequence)
		}
		if e.Previous != previous {
			w.Errorf("event %d does not follow the one before", e.Sequence)
		}
		if e.Who.Caller == "" || e.Who.Host == "" || e.Who.Run == "" || e.Message == "" || e.Time.IsZero() {
			w.Errorf("event %d does not say who, when and what: %+v", e.Sequence, e)
		}
		previous = e.Hash()
		events = append(events, e)
	}
	if head := w.record().Trail; head.Sequence != int64(len(events)) || head.Hash != previous {
		w.Errorf("the record's trail ends with %+v, the trail itself with event %d, %s", head, len(events), previous)
	}
	return events
}

// wantExplained checks that each change of weights was announced in the trail
// with its weights and a reason, and nothing was announced that did not come.
func (w *world) wantExplained() {
	w.Helper()
	if told, done := w.announced(), w.moved(); !slices.Equal(told, done) {
		w.Errorf("the trail tells of the weights\n%s\nand these were set:\n%s", strings.Join(told, "\n"), strings.Join(done, "\n"))
	}
}

// wantAnnounced checks the same where a run may have died between the
// announcement and the change.
func (w *world) wantAnnounced() {
	w.Helper()
	told, done := w.announced(), w.moved()
	rest := done
	for _, weights := range told {
		if len(rest) > 0 && rest[0] == weights {
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		w.Errorf("these weights were set:\n%s\nand the trail tells only of\n%s", strings.Join(done, "\n"), strings.Join(told, "\n"))
	}
}

// announced are the weights that the trail tells of.
func (w *world) announced() []string {
	w.Helper()
	var told []string
	for _, e := range w.trail() {
		if e.Type != endpoint.TrafficRequested {
			continue
		}
		if _, why, ok := strings.Cut(e.Message, ": "); !ok || why == "" {
			w.Errorf("event %d gives no reason: %q", e.Sequence, e.Message)
		}
		weights := map[string]int{}
		for name, value := range e.Data {
			n, err := strconv.Atoi(value)
			if err != nil {
				w.Errorf("event %d has %s = %q", e.Sequence, name, value)
			}
			weights[strings.TrimPrefix(name, "weight:")] = n
		}
		told = append(told, shares(weights))
	}
	return told
}

// moved are the weights that were set.
func (w *world) moved() []string {
	w.Helper()
	var done []string
	for _, c := range w.changes() {
		if c.weights != nil {
			done = append(done, shares(c.weights))
		}
	}
	return done
}

// groups names the environment of each target group that ever was, by its ARN.
func (w *world) groups() map[string]string {
	w.Helper()
	names := map[string]string{}
	pages := elasticbeanstalk.NewDescribeEventsPaginator(w.eb, &elasticbeanstalk.DescribeEventsInput{})
	for pages.HasMorePages() {
		for _, e := range must[*elasticbeanstalk.DescribeEventsOutput](w)(pages.NextPage(w.Context())).Events {
			if arn, ok := strings.CutPrefix(*e.Message, "Created target group named: "); ok {
				names[arn] = *e.EnvironmentName
			}
		}
	}
	return names
}

func shares(weights map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, weights[name]))
	}
	return strings.Join(parts, ", ")
}

// change is a call that changed something other than the journal.
type change struct {
	cloud.Call
	weights map[string]int // of ionroller's rule, by environment's name
}

// changes gives ionroller's calls that changed something.
func (w *world) changes() []change {
	w.Helper()
	return slices.DeleteFunc(w.allChanges(), func(c change) bool { return strings.Contains(c.Principal, somebodyElse) })
}

// inJournal finds the keys of the journal in the parameters of a call.
var inJournal = regexp.MustCompile(`"(records|trail|configurations|orders|daemons)/`)

// allChanges gives everybody's.
func (w *world) allChanges() []change {
	w.Helper()
	names := w.groups()
	var all []change
	for _, call := range w.Calls() {
		if !call.Changing || call.Service == "s3" && inJournal.Match(call.Parameters) {
			continue
		}
		c := change{Call: call}
		if call.Operation == "CreateRule" || call.Operation == "ModifyRule" {
			var in struct{ Actions []types.Action }
			if err := json.Unmarshal(call.Parameters, &in); err != nil {
				w.Fatal(err)
			}
			for _, action := range in.Actions {
				if action.ForwardConfig == nil {
					continue
				}
				c.weights = map[string]int{}
				for _, g := range action.ForwardConfig.TargetGroups {
					c.weights[names[*g.TargetGroupArn]] = int(*g.Weight)
				}
			}
		}
		all = append(all, c)
	}
	return all
}
