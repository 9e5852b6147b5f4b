// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import "sync"

// names are those of all buckets of all accounts.
type names struct {
	mu     sync.Mutex
	owners map[string]string // accounts by bucket
}

// claim is false when another account has the name.
func (n *names) claim(bucket, account string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if owner, taken := n.owners[bucket]; taken && owner != account {
		return false
	}
	n.owners[bucket] = account
	return true
}

func (n *names) release(bucket string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.owners, bucket)
}

func (n *names) taken(bucket string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, taken := n.owners[bucket]
	return taken
}
