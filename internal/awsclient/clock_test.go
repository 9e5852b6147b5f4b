// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// Whatever the difference between the clocks and the round trips' times, the
// clock comes close to AWS's, and is never further off than an answer allows.
func TestClockFollowsAWS(t *testing.T) {
	milliseconds := func(most int) *rapid.Generator[[]int] { return rapid.SliceOfN(rapid.IntRange(1, most), 40, 40) }
	rapid.Check(t, func(rt *rapid.T) {
		skew := time.Duration(rapid.Int64Range(int64(-5*time.Hour), int64(5*time.Hour)).Draw(rt, "skew"))
		pauses := milliseconds(3000).Draw(rt, "pauses")
		there, back := milliseconds(50).Draw(rt, "there"), milliseconds(50).Draw(rt, "back")
		var worst time.Duration
		synctest.Test(t, func(*testing.T) {
			c := NewClock()
			for i := range pauses {
				time.Sleep(time.Duration(pauses[i]) * time.Millisecond)
				sent := time.Now()
				time.Sleep(time.Duration(there[i]) * time.Millisecond)
				date := time.Now().Add(skew).Truncate(time.Second)
				time.Sleep(time.Duration(back[i]) * time.Millisecond)
				c.learn(sent, time.Now(), date)
				worst = max(worst, c.Now().Sub(time.Now().Add(skew)).Abs())
			}
		})
		within := 600 * time.Millisecond
		if skew.Abs() < time.Second+100*time.Millisecond {
			within = skew.Abs() // as long as it may be none, it counts as none
		}
		if worst > max(within, 600*time.Millisecond) {
			rt.Fatalf("%s off", worst)
		}
	})
}

// A machine whose time is right has the time of every other one: a run that begins
// after another's end reads a later time, at whatever part of a second AWS answers.
func TestClockOfAMachineThatIsRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			c := NewClock()
			sent := time.Now()
			time.Sleep(7 * time.Millisecond)
			c.learn(sent, time.Now(), time.Now().Truncate(time.Second))
			if off := time.Until(c.Now()); off != 0 {
				t.Fatalf("%s off", off)
			}
			time.Sleep(13 * time.Millisecond)
		}
	})
}

// Where AWS's clock runs quicker, what is waited for by it is waited for shorter.
func TestClockThatRunsQuicker(t *testing.T) {
	for scale, want := range map[time.Duration]time.Duration{1: time.Minute, 300: time.Minute / 300} {
		synctest.Test(t, func(t *testing.T) {
			c, began := NewClock(), time.Now()
			for range 5 {
				date := began.Add(time.Since(began) * scale).Truncate(time.Second)
				c.learn(time.Now(), time.Now(), date)
				time.Sleep(1500 * time.Millisecond)
			}
			before := time.Now()
			if err := c.Sleep(t.Context(), time.Minute); err != nil {
				t.Fatal(err)
			}
			if slept := time.Since(before); slept < want*9/10 || slept > want*11/10 {
				t.Errorf("%d times as quick: a minute took %s", scale, slept)
			}
		})
	}
}

func TestClockOfAWSThatIsSetForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClock()
		c.learn(time.Now(), time.Now(), time.Now().Truncate(time.Second))
		later := time.Now().Add(time.Hour).Truncate(time.Second)
		c.learn(time.Now(), time.Now(), later)
		if off := c.Now().Sub(later); off < 0 || off > time.Second {
			t.Errorf("%s off", off)
		}
		before := c.Now()
		c.learn(time.Now(), time.Now(), time.Now().Truncate(time.Second))
		if c.Now().Before(before) {
			t.Error("the clock went back")
		}
	})
}
