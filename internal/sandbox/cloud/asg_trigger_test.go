// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"testing"
	"time"
)

// TestTriggerGoesByBytes follows two instances, at ten times AWS's pace: they must
// send 200,000 bytes each in 30 seconds.
func TestTriggerGoesByBytes(t *testing.T) {
	t.Parallel()
	x := trigger{}
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		seconds   int
		inService int
		sent      int64
		want      bool
	}{
		{0, 0, 0, false},
		{40, 2, 0, false}, // the first period begins
		{69, 2, 0, false},
		{70, 2, 400_000, false}, // just enough
		{100, 2, 799_999, true},
		{101, 2, 799_999, false}, // told once a period
		{130, 1, 999_999, false},
		{160, 0, 999_999, false}, // nobody is there to send
		{200, 2, 999_999, false}, // a new beginning
		{230, 2, 999_999, true},
	} {
		if got := x.low(start.Add(time.Duration(c.seconds)*time.Second), triggerPeriod/10, 200_000, c.inService, c.sent); got != c.want {
			t.Errorf("after %d s: %v", c.seconds, got)
		}
	}
}
