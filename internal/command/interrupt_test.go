// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// The first interrupt says how to go on, and ends the work; the second ends the
// program with a code of its own.
func TestInterrupts(t *testing.T) {
	t.Parallel()
	for second, want := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		signals, codes := make(chan os.Signal), make(chan int)
		var words strings.Builder
		ctx := interruptible(t.Context(), signals, &words, func(code int) { codes <- code })
		onInterrupt(ctx, "ionroller reconcile --once %s goes on", "checkout")
		alsoOnInterrupt(ctx, ", and Terraform with it")
		cleaned := make(chan bool, 1)
		onSecondInterrupt(ctx, func() { cleaned <- true })
		if ctx.Err() != nil {
			t.Fatal("it ended before anybody interrupted it")
		}
		signals <- os.Interrupt
		<-ctx.Done()
		if !strings.Contains(words.String(), "ionroller reconcile --once checkout goes on. Once more ends the program at once, and Terraform with it.") {
			t.Errorf("the first says %q", words.String())
		}
		select {
		case <-cleaned:
			t.Error("what the second does was done after the first")
		case signals <- second:
		}
		if code := <-codes; code != want {
			t.Errorf("after %s and %s it ends with %d, want %d", os.Interrupt, second, code, want)
		}
		if len(cleaned) != 1 {
			t.Error("it ended before it had done what the second does")
		}
	}
}

// What is ended by an interrupt as a rule says nothing of it.
func TestInterruptOfWhatDrivesNothing(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal)
	var words strings.Builder
	ctx := interruptible(t.Context(), signals, &words, func(int) {})
	signals <- os.Interrupt
	if <-ctx.Done(); words.Len() > 0 {
		t.Errorf("it says %q", words.String())
	}
}
