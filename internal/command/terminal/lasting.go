// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package terminal

import (
	"errors"
	"io"
	"slices"
	"syscall"
)

// unread are the errors that say that nobody reads any more: of a pipe, of a terminal,
// and the two by which Windows says it of a pipe, which no other system has for a write.
var unread = []syscall.Errno{syscall.EPIPE, syscall.EIO, 109, 232}

// lasting is what Lasting returns.
type lasting struct{ io.Writer }

// Lasting returns a writer for who has to go on when nobody reads any more: what is
// written to a pipe whose reader has gone, or to a terminal that was closed, is dropped
// without an error.
func Lasting(w io.Writer) io.Writer { return lasting{w} }

// Write writes, or drops.
func (l lasting) Write(text []byte) (int, error) {
	n, err := l.Writer.Write(text)
	if gone(err) {
		return len(text), nil
	}
	return n, err
}

func gone(err error) bool {
	var number syscall.Errno
	return errors.As(err, &number) && slices.Contains(unread, number)
}
