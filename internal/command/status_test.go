// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Who holds the lease, what waits and who looks after the endpoint is told from the
// journal, as of this very endpoint.
func TestReport(t *testing.T) {
	lease := &endpoint.Lease{Who: endpoint.Who{Run: "terraform apply", Caller: "arn:aws:iam::1:user/alice", Host: "laptop"}}
	beat := endpoint.Heartbeat{Who: endpoint.Who{Host: "ops-1"}, Every: endpoint.Duration(10 * time.Second)}
	others := roller.Glimpse{Endpoint: "basket", Ordered: true, Silent: time.Hour, Lapsed: true}
	for name, c := range map[string]struct {
		lease   *endpoint.Lease
		glimpse roller.Glimpse
		daemons []roller.Daemon
		want    []string
	}{
		"nobody": {want: nil},
		"a live run": {
			lease: lease, glimpse: roller.Glimpse{Silent: 7 * time.Second},
			want: []string{"lease held by terraform apply, by alice on laptop, heard of 7s ago"},
		},
		"a dead run": {
			lease: lease, glimpse: roller.Glimpse{Silent: 90 * time.Second, Lapsed: true},
			want: []string{"lease held by terraform apply, by alice on laptop, heard of 1m ago: that run is dead, and the next one takes the lease"},
		},
		"an order": {
			glimpse: roller.Glimpse{Ordered: true},
			want:    []string{"order one waits to be carried out: ionroller reconcile --once checkout does"},
		},
		"a daemon": {
			daemons: []roller.Daemon{{Heartbeat: beat, Silent: 3 * time.Second}},
			want:    []string{"daemon on ops-1, heard of 3s ago, looks after it"},
		},
		"a silent daemon": {
			daemons: []roller.Daemon{{Heartbeat: beat, Silent: 5 * time.Hour}},
			want:    []string{"daemon on ops-1, heard of 5h ago, is silent: nobody goes on with what others left"},
		},
		"a daemon for others": {
			daemons: []roller.Daemon{{Heartbeat: endpoint.Heartbeat{Endpoints: []string{"basket"}, Every: beat.Every}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := rollout.World{Record: endpoint.Record{Endpoint: "checkout", Phase: endpoint.Live, Lease: c.lease}, Now: noon}
			c.glimpse.Endpoint = "checkout"
			var got []string
			for _, f := range newReport(w, []roller.Glimpse{others, c.glimpse}, c.daemons).facts() {
				got = append(got, f.Title+" "+f.Words)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %s", strings.Join(got, "\n"))
			}
		})
	}
}

// As long as a rule is taken over, what its old groups have is told, as watch tells it.
func TestOldGroupsAreTold(t *testing.T) {
	s := newStatusOf(baking(takingOver))
	var got []string
	for _, f := range s.facts() {
		got = append(got, f.Title+": "+f.Words)
	}
	want := []string{
		"old groups: 50 % of traffic: 37.5 % for legacy-a, 12.5 % for legacy-b",
		"rollout: new, the old groups → 1.1.0, since 20m; step 2 of 3 at 50 %, its bake ends in 3m",
	}
	if !slices.Equal(got, want) || s.OldWeight != 50 {
		t.Errorf("they have %d %%, and it is told as\n%s", s.OldWeight, strings.Join(got, "\n"))
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59 * time.Second: "59s", 12*time.Minute + 3*time.Second: "12m", 3 * time.Hour: "3h",
		3*time.Hour + 4*time.Minute: "3h4m", 48 * time.Hour: "2d", 76*time.Hour + time.Minute: "3d4h",
	} {
		if got := ago(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

// Of a rollout in flight it is said who goes on with it, or what has to be done.
func TestGoesOn(t *testing.T) {
	beat := endpoint.Heartbeat{Who: endpoint.Who{Host: "ops-1"}, Every: endpoint.Duration(10 * time.Second)}
	unled := func(w *rollout.World) { w.Record.Lease = nil }
	for name, c := range map[string]struct {
		change  func(w *rollout.World)
		daemons []roller.Daemon
		lapsed  bool
		want    string
	}{
		"a run":      {func(*rollout.World) {}, nil, false, "terraform, by  on ci-7, goes on with it: ionroller watch checkout shows how"},
		"a dead run": {func(*rollout.World) {}, nil, true, "Nobody is at work on it: ionroller reconcile --once checkout goes on with it"},
		"nobody":     {unled, nil, false, "Nobody is at work on it: ionroller reconcile --once checkout goes on with it"},
		"a daemon":   {unled, []roller.Daemon{{Heartbeat: beat, Silent: 3 * time.Second}}, false, "The daemon on ops-1 goes on with it: ionroller watch checkout shows how"},
		"a dead one": {unled, []roller.Daemon{{Heartbeat: beat, Silent: time.Hour}}, false, "Nobody is at work on it: ionroller reconcile --once checkout goes on with it"},
		"by a user":  {func(w *rollout.World) { w.Record.Rollout.Paused = &endpoint.Stall{Reason: "lunch."} }, nil, false, "Paused: lunch; ionroller resume checkout goes on"},
		"frozen":     {func(w *rollout.World) { w.Record.Rollout.Frozen = &endpoint.Stall{Reason: "alarm."} }, nil, false, "Frozen: alarm; ionroller promote checkout goes on, ionroller abort checkout takes it back"},
		"at its pause": {func(w *rollout.World) {
			w.Record.Rollout.Steps[1].Pause.Then, w.Now = endpoint.ThenRollback, noon.Add(time.Hour)
		}, nil, false, "Waits to be promoted: ionroller promote checkout goes on"},
		"at its cap": {func(w *rollout.World) {
			w.Record.Desired.Rollout.MaxWeight, w.Record.Rollout.Cap, w.Now = 50, 50, noon.Add(time.Hour)
		}, nil, false, "Capped at 50 % (rollout.max_weight): raise it, and apply, to go on"},
	} {
		if got := newReport(baking(c.change), []roller.Glimpse{{Endpoint: "checkout", Lapsed: c.lapsed}}, c.daemons).goesOn(); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
