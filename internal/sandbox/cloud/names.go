// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// arn makes the name of a resource of the world's account and Region.
func (c *Cloud) arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, c.config.Region, c.config.Account, resource)
}

const (
	hexDigits    = "0123456789abcdef"
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits       = "0123456789"
)

// id makes n random characters out of an alphabet.
func (c *Cloud) id(alphabet string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[c.random.IntN(len(alphabet))])
	}
	return b.String()
}

// uuid makes an identifier in the form of requests and activities.
func (c *Cloud) uuid() string {
	h := c.id(hexDigits, 32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// page cuts one page out of a list. Its token is the number of items before
// it; an unknown token is the error that bad makes.
func page[T any](items []T, token *string, size *int32, most int) (list []T, next *string, err error) {
	start, n := 0, most
	if token != nil && *token != "" {
		if _, err := fmt.Sscanf(*token, "page-%d", &start); err != nil || start < 0 || start > len(items) {
			return nil, nil, wire.Errorf("ValidationError", "Invalid pagination token %q", *token)
		}
	}
	if size != nil {
		if *size < 1 || int(*size) > most {
			return nil, nil, wire.Errorf("ValidationError", "The page size must be between 1 and %d, not %d", most, *size)
		}
		n = int(*size)
	}
	end := min(start+n, len(items))
	if end < len(items) {
		token := fmt.Sprintf("page-%d", end)
		next = &token
	}
	return items[start:end], next, nil
}
