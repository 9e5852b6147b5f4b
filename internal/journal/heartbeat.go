// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// forgotten is how long a daemon may be silent before others take its heartbeat away:
// people may want to know when it was heard of last.
const forgotten = 24 * time.Hour

// tidyEvery is how many beats there are between two looks for what other daemons left.
const tidyEvery = 100

// pulse is the heartbeat of one run of a daemon. Each beat writes it anew, on the
// condition that it is still the one that was written before.
type pulse struct {
	j         *Journal
	heartbeat endpoint.Heartbeat
	etag      string
	beats     int
}

// Pulse keeps a daemon's heartbeat. Nothing is written before its first beat.
func (j *Journal) Pulse(h endpoint.Heartbeat) roller.Pulse {
	h.Owner = j.Owner
	return &pulse{j: j, heartbeat: h}
}

// Beat writes the heartbeat, and now and then takes away what daemons that died have
// left.
func (p *pulse) Beat(ctx context.Context) error {
	p.heartbeat.Beat = p.j.Clock.Now().UTC()
	text, err := json.MarshalIndent(p.heartbeat, "", "  ")
	if err == nil {
		err = p.write(ctx, text)
	}
	if err != nil {
		return fmt.Errorf("writing the heartbeat s3://%s/%s: %w", p.j.Bucket, p.key(), err)
	}
	if p.beats++; p.beats%tidyEvery == 1 {
		return p.j.tidy(ctx)
	}
	return nil
}

// write replaces the heartbeat. One that is another than was written is of an earlier
// beat whose answer was lost: nobody else has this run's id. One that is gone was taken
// away while the machine slept.
func (p *pulse) write(ctx context.Context, text []byte) error {
	for {
		etag, err := p.j.write(ctx, p.key(), text, p.etag)
		if err == nil {
			p.etag = etag
			return nil
		}
		if !refused[code(err)] {
			return err
		}
		if err := p.j.Clock.Sleep(ctx, conflictPause); err != nil {
			return err
		}
		if p.etag, err = p.j.etag(ctx, p.key()); err != nil {
			return err
		}
	}
}

// Stop takes the heartbeat away.
func (p *pulse) Stop(ctx context.Context) error {
	if p.beats == 0 {
		return nil
	}
	key := p.key()
	if _, err := p.j.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.j.Bucket, Key: &key}); err != nil {
		return fmt.Errorf("removing the heartbeat s3://%s/%s: %w", p.j.Bucket, key, err)
	}
	return nil
}

func (p *pulse) key() string { return p.j.key("daemons", p.heartbeat.ID+".json") }

// etag is that of an object, or "" when it is not there.
func (j *Journal) etag(ctx context.Context, key string) (string, error) {
	out, err := j.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &j.Bucket, Key: &key})
	if c := code(err); c == "NotFound" || c == "NoSuchKey" {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

// Daemons returns the owner's daemons that gave a sign of life, those that were heard
// of last first. How long one is silent is told by S3's clock alone.
func (j *Journal) Daemons(ctx context.Context) ([]roller.Daemon, error) {
	var daemons []roller.Daemon
	for o, err := range j.objects(ctx, "daemons") {
		if err != nil {
			return nil, err
		}
		d := roller.Daemon{Silent: o.age}
		there, err := j.read(ctx, o.key, &d.Heartbeat)
		if err != nil {
			return nil, fmt.Errorf("reading the heartbeat s3://%s/%s: %w", j.Bucket, o.key, err)
		}
		if there && (j.Owner == "" || d.Owner == j.Owner) {
			daemons = append(daemons, d)
		}
	}
	slices.SortFunc(daemons, func(a, b roller.Daemon) int { return cmp.Compare(a.Silent, b.Silent) })
	return daemons, nil
}

// tidy takes away the heartbeats of daemons that have been silent for long. One that
// beats meanwhile keeps its own.
func (j *Journal) tidy(ctx context.Context) error {
	for o, err := range j.objects(ctx, "daemons") {
		if err != nil {
			return err
		}
		if o.age < forgotten {
			continue
		}
		_, err := j.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &j.Bucket, Key: &o.key, IfMatch: &o.etag})
		if err != nil && !refused[code(err)] {
			return fmt.Errorf("removing the heartbeat s3://%s/%s of a daemon that was last heard of %s ago: %w", j.Bucket, o.key, o.age, err)
		}
	}
	return nil
}
