// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// Terraform and the provider are killed at each call of a whole rollout that
// changes something: the next plan says where it stands, and the next apply ends it.
func TestKilledRollout(t *testing.T) {
	before, calls := wholeRollout(t)
	killed(t, moments(calls, 2), func(ws *workspace, at moment) bool {
		ws.relive(before)
		_, end := ws.traffic()
		ws.set("version", "1.1.0")
		if !ws.killedAt(at, "apply") {
			return false
		}
		says := ""
		if f := ws.record().Rollout; f != nil && f.Step >= 0 {
			says = fmt.Sprintf("resume 1.1.0 at step %d of 3, at %d %%", f.Step+1, f.Steps[f.Step].Weight)
		} else if f != nil {
			says = "resume 1.1.0 at the start"
		}
		ws.wantGoesOn("1.1.0", says)
		end()
		ws.wantOnePerRelease("0.9.0", "1.0.0", "1.1.0")
		ws.wantRemoved()
		return true
	})
}

// Meanwhile another version was asked for: traffic goes back to what is live, and
// on to that version.
func TestKilledRolloutToAnotherVersion(t *testing.T) {
	before, calls := wholeRollout(t)
	killed(t, moments(calls, 8), func(ws *workspace, at moment) bool {
		ws.relive(before)
		_, end := ws.traffic()
		ws.set("version", "1.1.0")
		if !ws.killedAt(at, "apply") {
			return false
		}
		found := ws.record()
		moved := len(ws.moved())
		ws.set("version", "1.2.0")
		says := ""
		if found.Rollout != nil {
			says = "give up the rollout to 1.1.0 in flight: release 1.2.0 was asked for"
		}
		ws.wantGoesOn("1.2.0", says)
		if f := found.Rollout; f != nil && f.Step >= 0 && !f.Since.IsZero() {
			if back := ws.moved()[moved]; back != f.From+" 100" {
				ws.Errorf("the first change of weights is to %s, not back to %s", back, f.From)
			}
		}
		end()
		releases := []string{"0.9.0", "1.0.0", "1.2.0"}
		if len(ws.made("1.1.0")) > 0 {
			releases = append(releases, "1.1.0")
		}
		ws.wantOnePerRelease(releases...)
		ws.wantRemoved()
		return true
	})
}

// A creation that was killed is adopted by the next.
func TestKilledCreation(t *testing.T) {
	w := startAlone(t, quick)
	whole := w.deployed()
	b := whole.between(func(met) fate { return fate{} })
	whole.apply()
	killed(t, moments(b.calls(), 4), func(ws *workspace, at moment) bool {
		if !ws.killedAt(at, "apply") {
			return false
		}
		says := ""
		if at.change > 1 || at.answered {
			says = "The creation of endpoint checkout was interrupted"
		}
		ws.wantGoesOn("1.0.0", says)
		if s := ws.show(); s == nil || s.Version != "1.0.0" { // and not tainted
			ws.Errorf("state %+v", s)
		}
		if status, version := ws.get(); status != 200 || version != "1.0.0" {
			ws.Errorf("the endpoint answers %d, version %s", status, version)
		}
		ws.wantOnePerRelease("1.0.0")
		ws.wantRemoved()
		return true
	})
}

// A destroy that was killed is finished by the next.
func TestKilledDestroy(t *testing.T) {
	before, _ := wholeRollout(t)
	w := startAlone(t, quick)
	whole := w.deployed()
	whole.relive(before)
	b := whole.between(func(met) fate { return fate{} })
	if r := whole.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("destroy failed:\n%s", r.out)
	}
	killed(t, moments(b.calls(), 4), func(ws *workspace, at moment) bool {
		ws.relive(before)
		if !ws.killedAt(at, "destroy") {
			return false
		}
		if r := ws.terraform("destroy", "-auto-approve"); r.code != 0 {
			ws.Fatalf("the next destroy failed:\n%s", r.out)
		}
		if s := ws.show(); s != nil {
			ws.Errorf("it is still in the state: %+v", s)
		}
		ws.wantOnePerRelease("0.9.0", "1.0.0")
		ws.wantRemoved()
		return true
	})
}

// An environment is made once also when the answer to its creation was lost with
// the run, and reads do not show it for a minute.
func TestKilledAndStale(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 10, Speed: 600})
	ws := w.deployed()
	ws.apply()
	_, end := w.traffic()
	w.befall(faults.Fault{Service: "elasticbeanstalk", Stale: faults.Duration(6 * time.Second)})
	ws.set("version", "1.1.0")
	if !ws.killedAt(moment{operation: "CreateEnvironment", answered: true}, "apply") {
		t.Fatal("no environment was made")
	}
	if r := ws.terraform("apply", "-auto-approve"); r.code != 0 {
		t.Fatalf("the next apply failed:\n%s", r.out)
	}
	w.befall()
	ws.wantEmptyPlan()
	end()
	w.wantOnePerRelease("1.0.0", "1.1.0")
	ws.wantRemoved()
}

// moments are those at which runs are killed: after the effect of every call that
// changes something in AWS, and of every dense-th write of an object. To the next run
// that is the same as before the next change, since what a run knew dies with it.
// IONROLLER_KILL=all is for both sides of every call whatsoever.
func moments(calls []met, dense int) []moment {
	all := os.Getenv("IONROLLER_KILL") == "all"
	var at []moment
	for _, c := range calls {
		switch {
		case c.Change == 0 && all:
			at = append(at, moment{call: c.Number})
		case c.Change == 0:
		case all:
			at = append(at, moment{change: c.Change}, moment{change: c.Change, answered: true})
		case c.Operation != "PutObject" || c.Change%dense == 0:
			at = append(at, moment{change: c.Change, answered: true})
		}
	}
	return at
}

// killed tells a story for each moment, in a sandbox of its own. The story reports
// whether the moment came: runs differ by some reads of health.
func killed(t *testing.T, at []moment, story func(ws *workspace, at moment) bool) {
	var told, came atomic.Int32
	t.Cleanup(func() {
		if came.Load() < told.Load()*9/10 && !t.Failed() {
			t.Errorf("only %d of %d runs were killed", came.Load(), told.Load())
		}
	})
	for _, m := range at {
		t.Run(m.String(), func(t *testing.T) {
			told.Add(1)
			if story(start(t, quick).deployed(), m) {
				came.Add(1)
			}
		})
	}
}

// wholeRollout tells what there was before a rollout to 1.1.0, and its calls.
func wholeRollout(t *testing.T) (before past, calls []met) {
	w := startAlone(t, quick)
	ws := w.deployed()
	for _, version := range []string{"0.9.0", "1.0.0"} {
		ws.set("version", version)
		ws.apply()
		before.specs = append(before.specs, *w.record().Accepted)
	}
	before.state = must[[]byte](w)(os.ReadFile(filepath.Join(ws.folder, "terraform.tfstate")))
	ws.set("version", "1.1.0")
	b := ws.between(func(met) fate { return fate{} })
	ws.apply()
	if names := w.names(); len(names) != 2 {
		t.Errorf("after the rollout there are %v", names)
	}
	return before, b.calls()
}

// quick is a sandbox in which a rollout takes seconds: its clock runs quicker than
// real time, and AWS is quicker than AWS by that clock.
var quick = sandbox.Config{TimeScale: 30, Speed: 1000}

// moment is where a run is killed.
type moment struct {
	call, change int // whichever is not zero
	operation    string
	answered     bool // after the call's effect, before its answer; else before its effect
}

func (m moment) String() string {
	what, n := "change", m.change
	if m.call != 0 {
		what, n = "call", m.call
	}
	when := "before"
	if m.answered {
		when = "after"
	}
	return fmt.Sprintf("%s %s %03d", when, what, n)
}

func (m moment) is(c met) bool {
	return m.call != 0 && c.Number == m.call || m.change != 0 && c.Change == m.change || m.operation == c.Operation
}

// killedAt kills an apply or a destroy at a moment, and reports whether that came.
func (ws *workspace) killedAt(at moment, command string) bool {
	ws.Helper()
	process := make(chan *running, 1)
	var once sync.Once
	struck := false
	strike := func() bool {
		once.Do(func() {
			struck = true
			r := <-process
			if err := kill(r.Cmd); err != nil {
				ws.Error(err)
			}
		})
		return true
	}
	b := ws.between(func(c met) fate {
		switch {
		case !at.is(c):
			return fate{}
		case at.answered:
			return fate{after: strike}
		}
		return fate{before: strike}
	})
	running := ws.beginTerraform(command, "-auto-approve")
	process <- running
	r := running.end()
	ws.later()
	if struck {
		for _, c := range b.calls() {
			if at.is(c) {
				ws.Logf("killed at %s %s, effect %v", c.Operation, c.Key, at.answered)
			}
		}
	} else if r.code != 0 {
		ws.Fatalf("it failed without being killed:\n%s", r.out)
	}
	return struck
}

// deployed is a workspace for 1.0.0 live and 0.9.0 retained, of which there is one
// too many after the next rollout.
func (w *world) deployed() *workspace {
	w.Helper()
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(10, "2s"), step(50, "2s"), step(100, "1s")})
	ws.set("retention", map[string]any{"keep_for": "10h", "max": 1})
	return ws
}

// wantGoesOn expects the next plan to say what it found, the next apply to end it,
// and nothing to be left to do after that.
func (ws *workspace) wantGoesOn(version, says string) {
	ws.Helper()
	file := filepath.Join(ws.TempDir(), "plan")
	r := ws.terraform("plan", "-out="+file)
	if r.code != 0 {
		ws.Fatalf("the next plan failed:\n%s", r.out)
	}
	if !r.says(says) {
		ws.Errorf("the next plan does not say %q:\n%s", says, r.out)
	}
	if r := ws.terraform("apply", file); r.code != 0 {
		ws.Fatalf("the next apply failed:\n%s", r.out)
	}
	record := ws.record()
	if record.ActiveVersion() != version || record.Phase != endpoint.Live {
		ws.Errorf("live is %s, in phase %s", record.ActiveVersion(), record.Phase)
	}
	// Where nothing is left to do, the dead run's lease is left to end by itself.
	if record.Lease != nil && !r.says("No changes.") {
		ws.Errorf("the lease is left: %+v", record.Lease)
	}
	ws.wantEmptyPlan()
}

// wantOnePerRelease expects one environment to have been made for each release.
func (w *world) wantOnePerRelease(versions ...string) {
	w.Helper()
	for _, v := range versions {
		if names := w.made(v); len(names) != 1 {
			w.Errorf("environments were made for %s: %v", v, names)
		}
	}
	if all := w.made(""); len(all) != len(versions) {
		w.Errorf("environments were made: %v", all)
	}
}

// made names the environments that were made for a version, or for any.
func (w *world) made(version string) []string {
	w.Helper()
	var names []string
	for _, c := range w.changes() {
		if c.Operation != "CreateEnvironment" || c.Outcome != "OK" {
			continue
		}
		var in struct{ EnvironmentName, VersionLabel string }
		w.parse(c, &in)
		if v, _, _ := strings.Cut(in.VersionLabel, "-"); version == "" || v == version {
			names = append(names, in.EnvironmentName)
		}
	}
	return names
}

// wantRemoved removes the endpoint and expects nothing to be left but the whole
// trail: the last events of a run that died are written by the next.
func (ws *workspace) wantRemoved() {
	ws.Helper()
	if err := ws.loop().Remove(ws.Context(), "checkout"); err != nil {
		ws.Fatal(err)
	}
	ws.wantAnnounced()
	ws.wantNothingLeft()
}
