// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/iam"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/objects"
)

// A partition is what accounts have in common: key pairs, the names of buckets
// and the log of calls. Each account is a world of its own.
type partition struct {
	config  Config // of the first account
	calls   callLog
	buckets *objects.Store // of the first account, which knows all names

	mu     sync.Mutex // guards what follows; never held while a world's lock is waited for
	worlds map[string]*Cloud
	keys   map[string]principal // by access key ID
	closed bool
}

// An Account declares an AWS account.
type Account struct {
	// ID is the twelve-digit account number; that of the first account declares
	// more about it.
	ID string
	// Roles are those that can be assumed; every role can when nil.
	Roles []Role
}

// A Role is a role that callers of all accounts may assume.
type Role struct {
	Name string
	// Path is where IAM keeps the role, as "/teams/"; its ARN must have it. That of a
	// role without one may have any.
	Path string
	// ExternalID must be given with AssumeRole unless it is empty.
	ExternalID string
	// Policy is the JSON of a policy that says what its sessions may do;
	// everything when empty.
	Policy string
}

// newPartition makes the first account's world and those that are declared.
func newPartition(config Config) (*Cloud, error) {
	p := &partition{config: config, worlds: map[string]*Cloud{}, keys: map[string]principal{}}
	p.buckets = objects.New(config.Account, config.Region, time.Now)
	for _, a := range config.Accounts {
		for _, r := range a.Roles {
			if _, err := bind(identityBased, r.Policy); err != nil {
				return nil, fmt.Errorf("role %s of account %s: %w", r.Name, a.ID, err)
			}
		}
	}
	home, err := p.world(config.Account)
	for _, a := range config.Accounts {
		if err == nil {
			_, err = p.world(a.ID)
		}
	}
	for _, given := range append(builtIn(config.Account), config.Principals...) {
		if err == nil {
			_, err = p.setPrincipal(given)
		}
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return home, nil
}

// world gives the world of an account, which begins on first use.
func (p *partition) world(account string) (*Cloud, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.worlds[account]; c != nil {
		return c, nil
	}
	n, err := strconv.ParseUint(account, 10, 64)
	if err != nil || len(account) != 12 {
		return nil, fmt.Errorf("account %q: it must have twelve digits", account)
	}
	if p.closed {
		return nil, errors.New("the sandbox is closing")
	}
	config, store, seed := p.config, p.buckets, uint64(2)
	if account != config.Account {
		config.Account, config.Bucket, config.LoadBalancerListen = account, config.Bucket+"-"+account, "127.0.0.1:0"
		store, seed = p.buckets.ForAccount(account), n
	}
	c, err := newWorld(config, p, store, seed)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", account, err)
	}
	p.worlds[account] = c
	return c, nil
}

// role finds a role that may be assumed; ok is false when there is none.
func (p *partition) role(account, name string) (r Role, ok bool) {
	for _, a := range p.config.Accounts {
		if a.ID != account || a.Roles == nil {
			continue
		}
		i := slices.IndexFunc(a.Roles, func(r Role) bool { return r.Name == name })
		if i < 0 {
			return Role{}, false
		}
		return a.Roles[i], true
	}
	return Role{Name: name}, true
}

func (r Role) path() string { return cmp.Or(r.Path, "/") }

// arn is the role's in an account.
func (r Role) arn(account string) string {
	return "arn:aws:iam::" + account + ":role" + r.path() + r.Name
}

// is tells whether an ARN with the role's name is the role's.
func (r Role) is(account, arn string) bool { return r.Path == "" || arn == r.arn(account) }

// user finds a user by the ARN.
func (p *partition) user(arn string) (principal, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, who := range p.keys {
		if !who.session && who.arn == arn {
			return who, true
		}
	}
	return principal{}, false
}

// all gives the worlds by account.
func (p *partition) all() map[string]*Cloud {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.worlds)
}

// close ends all worlds, and lets no more begin.
func (p *partition) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	var ending sync.WaitGroup
	for _, c := range p.all() {
		ending.Go(c.end)
	}
	ending.Wait()
}

// Accounts tells what the world of each account began with, by account number.
func (c *Cloud) Accounts() map[string]Seeded {
	accounts := map[string]Seeded{}
	for id, world := range c.partition.all() {
		accounts[id] = world.Seeded()
	}
	return accounts
}

// bind parses a policy for use in a principal; none gives none.
func bind(kind, policy string) ([]bound, error) {
	if policy == "" {
		return nil, nil
	}
	p, err := iam.Parse([]byte(policy))
	if err != nil {
		return nil, err
	}
	return []bound{{kind, p}}, nil
}
