// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Guards is what alarms and metrics say of a rollout at the moment.
type Guards struct {
	Alarms map[string]Alarm `json:"alarms,omitempty"` // by name; one that does not exist is missing
	// Measures are by environment, since the weight in force was first sent.
	Measures map[string]Measure `json:"measures,omitempty"`
	// Exposed is the number of requests the new environment has answered since the
	// rollout began.
	Exposed float64 `json:"exposed"`
}

// AlarmState is a state of a CloudWatch alarm.
type AlarmState string

// The states that CloudWatch knows.
const (
	AlarmOK           AlarmState = "OK"
	AlarmFiring       AlarmState = "ALARM"
	AlarmInsufficient AlarmState = "INSUFFICIENT_DATA"
)

// Alarm is what CloudWatch says of an alarm.
type Alarm struct {
	State AlarmState `json:"state"`
	// Fired is when it went off, if it did since the weight in force was first sent:
	// also when it is quiet again.
	Fired  time.Time `json:"fired,omitzero"`
	Reason string    `json:"reason,omitempty"` // CloudWatch's own words
	// Needs is the least time for which its metric must be bad before it goes off;
	// 0 when that is not known, as of a composite alarm.
	Needs time.Duration `json:"needs,omitempty"`
}

// Measure is what the load balancer measured of one target group over a time.
type Measure struct {
	From      time.Time     `json:"from"`
	To        time.Time     `json:"to"`
	Requests  float64       `json:"requests"`
	Errors    float64       `json:"errors"`    // answers of the targets with a 5xx code
	Latency   time.Duration `json:"latency"`   // at the analysis's percentile
	Unhealthy float64       `json:"unhealthy"` // most unhealthy targets at a time
}

// Rate is the share of requests that were answered with a 5xx code, in percent.
func (m Measure) Rate() float64 {
	if m.Requests == 0 {
		return 0
	}
	return 100 * m.Errors / m.Requests
}

// verdict is what the guards say together: against the release, nothing yet, or
// nothing against it.
type verdict struct {
	against *endpoint.Evidence
	unclear string // why nothing can be said
}

// Watched says that a record's rollout has guards with a say. They have none in what
// goes back anyhow, or to a release that another took the place of; and none in a hot
// rollback, whose release is proven and for which an alarm may be the reason.
func Watched(r *endpoint.Record) bool {
	f := r.Rollout
	return f != nil && f.Back == nil && f.Kind != endpoint.Hot && r.Phase != endpoint.Deleting &&
		r.Desired.Rollout.Guarded() && r.Environment(f.To).Fingerprint == r.Desired.Release.Fingerprint()
}

// verdict asks all guards. A bad word of one outweighs what others do not know.
func (d *decider) verdict(f *endpoint.Rollout) verdict {
	switch {
	case !Watched(d.r):
		return verdict{}
	case d.Guards == nil:
		return verdict{unclear: "nobody has looked at alarms and metrics yet"}
	}
	v := d.alarms()
	if v.against == nil && f.Step >= 0 && d.r.Desired.Rollout.Analysis != nil {
		a := d.analysis(f, *d.r.Desired.Rollout.Analysis)
		if a.against != nil || v.unclear == "" {
			v = a
		}
	}
	return v
}

// condemned says that a guard speaks against a release that there is another for, or
// against the first before it got a request.
func (d *decider) condemned(f *endpoint.Rollout) bool {
	heeded := f.From != "" || d.r.Phase == endpoint.Creating && f.Sent.IsZero()
	return heeded && d.verdict(f).against != nil
}

func (d *decider) alarms() verdict {
	var v verdict
	for _, name := range d.r.Desired.Rollout.Alarms {
		a, exists := d.Guards.Alarms[name]
		switch {
		case a.State == AlarmFiring || !a.Fired.IsZero():
			e := &endpoint.Evidence{Guard: "alarm", Subject: name, Value: string(AlarmFiring), Threshold: string(AlarmOK), Window: a.Reason}
			if a.State != AlarmFiring {
				e.Value = fmt.Sprintf("%s at %s", AlarmFiring, a.Fired.UTC().Format(time.RFC3339))
			}
			return verdict{against: e}
		case !exists:
			v.unclear = fmt.Sprintf("alarm %s does not exist", name)
		case a.State != AlarmOK:
			v.unclear = fmt.Sprintf("alarm %s is in state %s", name, a.State)
		}
	}
	return v
}

// analysis judges the new environment by what was measured of it, and beside the
// one it takes traffic from. A comparison needs both to have traffic.
func (d *decider) analysis(f *endpoint.Rollout, a endpoint.Analysis) verdict {
	m := d.Guards.Measures[f.To]
	say := func(guard, value, threshold string) verdict {
		return verdict{against: &endpoint.Evidence{Guard: guard, Subject: f.To, Value: value, Threshold: threshold, Window: window(m)}}
	}
	if a.UnhealthyHosts != nil && m.Unhealthy > float64(*a.UnhealthyHosts) {
		return say("unhealthy hosts", fmt.Sprintf("%g", m.Unhealthy), fmt.Sprintf("at most %d", *a.UnhealthyHosts))
	}
	least := float64(max(a.MinimumRequests, 1))
	if m.Requests < least && (a.ErrorRate != nil || a.Latency != nil) {
		return verdict{unclear: fmt.Sprintf("%s answered %g requests %s and analysis needs %g (rollout.analysis.minimum_requests)", f.To, m.Requests, window(m), least)}
	}
	b, measured := d.Guards.Measures[f.From]
	// Several old groups of a takeover are not measured as one, and not compared with.
	compared := f.From != "" && f.Given < 100 && !f.Shared() && (measured || f.From != endpoint.OldGroups)
	short := compared && b.Requests < least
	if e := a.ErrorRate; e != nil {
		if e.Max != nil && m.Rate() > *e.Max {
			return say("error rate", percent(m.Rate()), "at most "+percent(*e.Max))
		}
		if base := max(b.Rate(), 100/max(b.Requests, 1)); e.MaxRatio > 0 && compared && !short && m.Rate() > e.MaxRatio*base {
			return say("error rate", percent(m.Rate()), fmt.Sprintf("at most %g times %s %s", e.MaxRatio, beside(f), percent(base)))
		}
	}
	if l := a.Latency; l != nil {
		name := fmt.Sprintf("latency p%g", l.Percentile)
		if l.Max > 0 && m.Latency > l.Max.Std() {
			return say(name, m.Latency.Round(time.Millisecond).String(), "at most "+l.Max.String())
		}
		if l.MaxRatio > 0 && compared && !short && float64(m.Latency) > l.MaxRatio*float64(b.Latency) {
			return say(name, m.Latency.Round(time.Millisecond).String(), fmt.Sprintf("at most %g times %s %s", l.MaxRatio, beside(f), b.Latency.Round(time.Millisecond)))
		}
	}
	relative := a.ErrorRate != nil && a.ErrorRate.MaxRatio > 0 || a.Latency != nil && a.Latency.MaxRatio > 0
	if short && relative {
		return verdict{unclear: fmt.Sprintf("%s answered %g requests %s and a comparison needs %g (rollout.analysis.minimum_requests)", f.From, b.Requests, window(b), least)}
	}
	return verdict{}
}

// beside words what a rollout's environment is compared with.
func beside(f *endpoint.Rollout) string {
	if f.From == endpoint.OldGroups {
		return "the old group's"
	}
	return "the active environment's"
}

func percent(p float64) string { return fmt.Sprintf("%.3g %%", p) }

func window(m Measure) string {
	return fmt.Sprintf("from %s to %s", m.From.UTC().Format("15:04:05"), m.To.UTC().Format("15:04:05 MST"))
}

// fail does what the policy says when a guard spoke against the release.
func (d *decider) fail(f *endpoint.Rollout, e endpoint.Evidence) (Decision, bool) {
	e.Exposed, e.Together = d.Guards.Exposed, f.Shared() && f.Step >= 0
	if f.Step >= 0 {
		e.Share = f.Share(f.Step)
	}
	reason := accusation(e, f)
	switch {
	case f.Step >= 0 && f.From == "":
		return d.freeze(reason+"; there is no release to go back to", &e)
	case f.Step >= 0 && d.r.Desired.Rollout.OnFailure == endpoint.Freeze:
		return d.freeze(reason, &e)
	default:
		return do(Abandon{Back: endpoint.GoingBack{
			Result: endpoint.RolledBack, Reason: reason, Rejects: f.Step >= 0, Evidence: &e,
		}})
	}
}

// accusation words what a guard has against a release.
func accusation(e endpoint.Evidence, f *endpoint.Rollout) string {
	var text string
	if e.Guard == "alarm" {
		text = fmt.Sprintf("alarm %s is in state %s", e.Subject, e.Value)
		if e.Window != "" {
			text += fmt.Sprintf(" (%s)", e.Window)
		}
	} else {
		subject := e.Subject
		if e.Together {
			subject = fmt.Sprintf("both releases, in the target group of %s,", subject)
		}
		text = fmt.Sprintf("%s of %s is %s, allowed is %s, %s", e.Guard, subject, e.Value, e.Threshold, e.Window)
	}
	if e.Together {
		return text + fmt.Sprintf("; %d of %d instances were of it, and both releases answered %g requests there that CloudWatch knows of", f.Step+1, len(f.Steps), e.Exposed)
	}
	if e.Share > 0 {
		text += fmt.Sprintf("; it had %d %% of traffic and answered %g requests that CloudWatch knows of", e.Share, e.Exposed)
	}
	return text
}

func (d *decider) freeze(reason string, e *endpoint.Evidence) (Decision, bool) {
	return do(Freeze{endpoint.Stall{Reason: reason, Since: d.Now, Retry: d.r.Desired.Rollout.Retry, Evidence: e}})
}

// content is what guards say when all is well.
func content(r *endpoint.Record, now time.Time) *Guards {
	g := &Guards{Alarms: map[string]Alarm{}, Measures: map[string]Measure{}}
	for _, name := range r.Desired.Rollout.Alarms {
		g.Alarms[name] = Alarm{State: AlarmOK}
	}
	if a := r.Desired.Rollout.Analysis; a != nil && r.Rollout != nil {
		for _, name := range slices.Compact([]string{r.Rollout.From, r.Rollout.To}) {
			g.Measures[name] = Measure{From: now, To: now, Requests: float64(max(a.MinimumRequests, 1))}
		}
	}
	return g
}
