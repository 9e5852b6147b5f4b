// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// interrupts is what the first interrupt says, and what the second does.
type interrupts struct {
	mu   sync.Mutex
	text string
	also string
	last func()
}

type interruptsKey struct{}

// interruptible returns a context that ends with the first signal. The second ends
// the program at once, with 128 and the signal's number, as a shell would say.
func interruptible(ctx context.Context, signals <-chan os.Signal, w io.Writer, exit func(code int)) context.Context {
	i := &interrupts{}
	ctx, cancel := context.WithCancel(context.WithValue(ctx, interruptsKey{}, i))
	go func() {
		<-signals
		i.mu.Lock()
		if i.text != "" {
			fmt.Fprintln(w, i.text+". Once more ends the program at once"+i.also+".")
		}
		i.mu.Unlock()
		cancel()
		second := <-signals
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.last != nil {
			i.last()
		}
		if second == syscall.SIGTERM {
			exit(128 + int(syscall.SIGTERM))
			return
		}
		exit(exitInterrupted)
	}()
	return ctx
}

// onInterrupt chooses what the first interrupt says: how to go on with what will
// then have been left.
func onInterrupt(ctx context.Context, format string, args ...any) {
	if i, ok := ctx.Value(interruptsKey{}).(*interrupts); ok {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.text = "ionroller: interrupted: what was begun is ended, nothing more is begun, and traffic stays as it is then; " +
			fmt.Sprintf(format, args...)
	}
}

// alsoOnInterrupt chooses what the first interrupt says of the second one, beside that
// it ends the program.
func alsoOnInterrupt(ctx context.Context, also string) {
	if i, ok := ctx.Value(interruptsKey{}).(*interrupts); ok {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.also = also
	}
}

// onSecondInterrupt chooses what is done, quickly, before the second interrupt ends
// the program.
func onSecondInterrupt(ctx context.Context, do func()) {
	if i, ok := ctx.Value(interruptsKey{}).(*interrupts); ok {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.last = do
	}
}

// leaveToInterrupt lets a second interrupt that is about to end the program do so,
// with its own exit code.
func leaveToInterrupt(ctx context.Context) {
	if i, ok := ctx.Value(interruptsKey{}).(*interrupts); ok {
		i.mu.Lock()
		defer i.mu.Unlock()
	}
}

// untilHangUp returns a context that ends when the terminal closes, unless the command
// was started to outlive that, as by nohup.
func untilHangUp(ctx context.Context) (context.Context, context.CancelFunc) {
	if signal.Ignored(syscall.SIGHUP) {
		return context.WithCancel(ctx)
	}
	return signal.NotifyContext(ctx, syscall.SIGHUP)
}
