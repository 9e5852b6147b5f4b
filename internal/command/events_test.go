// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// written are trails in memory, two events a page, of which the minute of each is told.
type written struct {
	roller.Journal
	trails map[string][]int
	asked  int
}

func (j *written) List(context.Context) ([]string, error) {
	var names []string
	for name := range j.trails {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (j *written) Read(_ context.Context, name string) (*endpoint.Record, error) {
	switch name {
	case "others":
		return nil, &roller.OtherOwner{}
	case "broken":
		return nil, errors.New("it is not a record")
	}
	return &endpoint.Record{}, nil
}

func (j *written) Before(_ context.Context, name string, at time.Time) (int64, error) {
	i := slices.IndexFunc(j.trails[name], func(m int) bool { return !noon.Add(time.Duration(m) * time.Minute).Before(at) })
	if i < 0 {
		i = len(j.trails[name])
	}
	return int64(i), nil
}

func (j *written) Events(_ context.Context, name string, after int64) ([]endpoint.Event, error) {
	j.asked++
	var page []endpoint.Event
	for i := int(after); i < min(int(after)+2, len(j.trails[name])); i++ {
		page = append(page, endpoint.Event{Endpoint: name, Sequence: int64(i) + 1, Time: noon.Add(time.Duration(j.trails[name][i]) * time.Minute)})
	}
	return page, nil
}

// told reads all that there is by now.
func (t *trails) told(tb testing.TB) string {
	tb.Helper()
	if err := t.find(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	var words []string
	for {
		events, err := t.read(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		if len(events) == 0 {
			return strings.Join(words, " ")
		}
		for _, e := range events {
			words = append(words, fmt.Sprintf("%s%d@%s", e.Endpoint, e.Sequence, e.Time.Format("4")))
		}
	}
}

// Several trails are told as one, in the order of time, and each event once; what comes
// later comes after, also of endpoints that are made later.
func TestTrailsAreMerged(t *testing.T) {
	j := &written{trails: map[string][]int{"a": {1, 4, 4, 9}, "b": {2, 3, 5}, "c": nil, "others": {1}}}
	all := trails{loop: &roller.Roller{Journal: j}, follow: true}
	if got := all.told(t); got != "a1@1 b1@2 b2@3 a2@4 a3@4 b3@5 a4@9" {
		t.Errorf("it tells %s", got)
	}
	recent := trails{loop: all.loop, named: []string{"b", "a"}, since: noon.Add(5 * time.Minute)}
	if got := recent.told(t); got != "b3@5 a4@9" {
		t.Errorf("since 5 it tells %s", got)
	}
	if got := all.told(t); got != "" {
		t.Errorf("it tells again %s", got)
	}
	j.trails["a"], j.trails["c"], j.trails["d"] = append(j.trails["a"], 12), []int{11}, []int{10}
	if got := all.told(t); got != "d1@10 c1@11 a5@12" {
		t.Errorf("later it tells %s", got)
	}
}

// What keeps one trail from being told is told, once, and the others are.
func TestTrailsBesideABrokenOne(t *testing.T) {
	loop := &roller.Roller{Journal: &written{trails: map[string][]int{"a": {1}, "broken": {2}, "c": {3}}}}
	for _, follow := range []bool{false, true} {
		all := trails{loop: loop, follow: follow}
		if got := all.told(t); got != "a1@1 c1@3" || all.untold == nil || !strings.Contains(all.untold.Error(), "unable to look at endpoint broken: it is not a record") {
			t.Errorf("it tells %s, and not %v", got, all.untold)
		}
		all.untold = nil
		if got := all.told(t); got != "" || all.untold != nil {
			t.Errorf("it tells again %s, and %v", got, all.untold)
		}
	}
	named := trails{loop: loop, named: []string{"a", "nowhere", "c"}}
	if got := named.told(t); got != "a1@1 c1@3" || named.untold == nil || named.untold.Error() != "endpoint nowhere has no trail" {
		t.Errorf("it tells %s, and not %v", got, named.untold)
	}
}

// Nothing is read before it is its turn: a trail that is long is no reason to wait.
func TestTrailsAreReadInPages(t *testing.T) {
	long := make([]int, 3*toldAtATime)
	j := &written{trails: map[string][]int{"a": long, "b": {1}}}
	all := trails{loop: &roller.Roller{Journal: j}, named: []string{"a", "b"}}
	if err := all.find(t.Context()); err != nil {
		t.Fatal(err)
	}
	if events, err := all.read(t.Context()); err != nil || len(events) != toldAtATime || j.asked != toldAtATime/2+1 {
		t.Errorf("%d events after %d pages: %v", len(events), j.asked, err)
	}
}
