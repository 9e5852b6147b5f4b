// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package onaws_test

import (
	"maps"
	"slices"
	"testing"
)

// Whatever goes wrong on the way, an endpoint is deployed, rolled out, rolled back
// and removed, with one environment for each release and without a failed request.
func TestFaults(t *testing.T) {
	cases := map[string][]string{
		"nothing": nil,
		"answers of Elastic Beanstalk lost": {
			"elasticbeanstalk:CreateApplication drop nth=1", "elasticbeanstalk:CreateApplicationVersion drop nth=1",
			"elasticbeanstalk:CreateEnvironment drop nth=1", "elasticbeanstalk:TerminateEnvironment drop nth=1",
			"elasticbeanstalk:DeleteApplicationVersion drop nth=1", "elasticbeanstalk:DeleteApplication drop nth=1",
		},
		"answers of the load balancer lost": {
			"elasticloadbalancing:CreateRule drop nth=1", "elasticloadbalancing:ModifyRule drop nth=1", "elasticloadbalancing:DeleteRule drop nth=1",
			"autoscaling:* drop rate=0.1",
		},
		"answers of S3 lost": {"s3:PutObject drop rate=0.1", "s3:DeleteObject drop rate=0.1"},
		"S3 refusing now and then": {
			"s3:PutObject error=NotImplemented status=501 nth=6", "s3:PutObject error=NotImplemented status=501 nth=9",
			"s3:PutObject error=NotImplemented status=501 nth=12", "s3:PutObject error=NotImplemented status=501 nth=13",
			"s3:PutObject error=NotImplemented status=501 nth=16", "s3:PutObject error=NotImplemented status=501 nth=20",
			"s3:PutObject error=NotImplemented status=501 nth=23", "s3:PutObject error=NotImplemented status=501 nth=27",
			"s3:PutObject error=NotImplemented status=501 nth=44", "s3:PutObject error=NotImplemented status=501 nth=49",
		},
		"S3 in conflict":                   {"s3:PutObject error=ConditionalRequestConflict rate=0.1", "s3:PutObject error=SlowDown rate=0.05"},
		"stale reads of Elastic Beanstalk": {"elasticbeanstalk:* stale=500ms"},
		"stale reads of the load balancer": {"elasticloadbalancing:* stale=500ms"},
		"stale reads of Auto Scaling":      {"autoscaling:* stale=500ms"},
		"stale reads of all":               {"* stale=300ms"},
		"stale reads and lost creations": {"* stale=400ms", "elasticbeanstalk:CreateApplication drop nth=1", "elasticbeanstalk:CreateApplicationVersion drop nth=1",
			"elasticbeanstalk:CreateEnvironment drop nth=1", "elasticloadbalancing:CreateRule drop nth=1", "elasticbeanstalk:TerminateEnvironment drop nth=1"},
		"throttling":          {"elasticbeanstalk:* throttle=8/8", "elasticloadbalancing:* throttle=8/8", "autoscaling:* throttle=5/5"},
		"errors":              {"* error=InternalFailure status=500 rate=0.03"},
		"delays":              {"elasticloadbalancing:ModifyRule delay=300ms", "elasticbeanstalk:CreateEnvironment delay=500ms", "s3:PutObject delay=20ms"},
		"delayed propagation": {"elasticloadbalancing:* propagation=40ms"},
	}
	worlds := sandboxes(t, slices.Collect(maps.Keys(cases))...)
	for name, faults := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := worlds[name]
			w.connect(t)
			w.befall(faults...)
			w.wholeLife()
		})
	}
}

func (w *world) wholeLife() {
	w.Helper()
	w.apply("1.0.0")
	w.users()
	w.apply("1.1.0")
	w.want("environments", w.environments(), "1.0.0", "1.1.0")
	w.apply("1.0.0")
	w.served("1.0.0", "1.1.0")
	w.want("environments", w.environments(), "1.0.0", "1.1.0")
	if err := w.roller.Remove(w.Context(), "checkout"); err != nil {
		w.Fatal(err)
	}
	w.nothingIsLeft()
}
