// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"
)

// Store holds the buckets of one account.
type Store struct {
	account string
	region  string // of requests that do not say theirs
	clock   func() time.Time
	names   *names // of buckets, which no two accounts have

	mu      sync.RWMutex
	buckets map[string]*bucket
}

// bucket is a set of objects. The store's lock guards it.
type bucket struct {
	name    string
	region  string
	created time.Time
	objects map[string]*object
	keys    []string // sorted by their UTF-8 bytes
	uploads map[string]*upload
	blocked *publicAccessBlock // nil when it was taken away
}

// object is one stored object. It is never changed, only replaced, so it may be
// read after the lock is gone, and its address tells one write from another.
type object struct {
	body      []byte
	etag      string // quoted
	modified  time.Time
	headers   map[string]string // canonical names: Content-Type, Cache-Control ...
	metadata  map[string]string // lower-case names, x-amz-meta-...
	tags      []tag
	checksum  checksum
	encrypted map[string]string // the X-Amz-Server-Side-Encryption... headers
	class     string            // the storage class
}

// New makes an empty store of an account. The Region is that of requests which
// carry no credential scope.
func New(account, region string, clock func() time.Time) *Store {
	s := &Store{region: region, clock: clock, names: &names{owners: map[string]string{}}}
	return s.ForAccount(account)
}

// ForAccount makes an empty store of another account. Names of buckets are
// unique over both.
func (s *Store) ForAccount(account string) *Store {
	return &Store{account: account, region: s.region, clock: s.clock, names: s.names, buckets: map[string]*bucket{}}
}

// CreateBucket makes a bucket; one that is there already is an error.
func (s *Store) CreateBucket(name, region string) error {
	if err := checkBucketName(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] != nil {
		return errBucketOwned(name)
	}
	if !s.names.claim(name, s.account) {
		return errBucketTaken(name)
	}
	s.buckets[name] = &bucket{
		name: name, region: region, created: s.clock().UTC(), objects: map[string]*object{},
		uploads: map[string]*upload{}, blocked: blocksAll(),
	}
	return nil
}

// BucketRegion tells where a bucket is, and whether it exists.
func (s *Store) BucketRegion(name string) (string, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[name]
	if b == nil {
		return "", false
	}
	return b.region, true
}

// Has tells whether an object exists.
func (s *Store) Has(bucket, key string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[bucket]
	return b != nil && b.objects[key] != nil
}

// Get returns a copy of an object's content, and whether it exists.
func (s *Store) Get(bucket, key string) ([]byte, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[bucket]
	if b == nil || b.objects[key] == nil {
		return nil, false
	}
	return slices.Clone(b.objects[key].body), true
}

// Delete removes an object if it is there.
func (s *Store) Delete(bucket, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[bucket]; b != nil {
		b.remove(key)
	}
}

func (b *bucket) put(key string, o *object) {
	if i, found := slices.BinarySearch(b.keys, key); !found {
		b.keys = slices.Insert(b.keys, i, key)
	}
	b.objects[key] = o
}

func (b *bucket) remove(key string) {
	if i, found := slices.BinarySearch(b.keys, key); found {
		b.keys = slices.Delete(b.keys, i, i+1)
		delete(b.objects, key)
	}
}

// ownerID is the account's canonical user ID.
func (s *Store) ownerID() string {
	sum := sha256.Sum256([]byte(s.account))
	return hex.EncodeToString(sum[:])
}

func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:])
	return strings.ToUpper(hex.EncodeToString(id[:]))
}
