// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// loop is the provider's loop in the test's own process, for what comes before
// and after a story that is told many times.
func (w *world) loop() *roller.Roller {
	w.Helper()
	loop, err := onaws.Connect(w.Context(), onaws.Config{
		AWS: awsclient.Config{Profile: w.profile}, Bucket: w.info.Bucket, Owner: "acme", Run: "before and after", Log: hclog.NewNullLogger(),
	})
	if err != nil {
		w.Fatal(err)
	}
	return loop
}

var profiles sync.Mutex

// writeProfile tells the SDK where the loop is to call.
func (w *world) writeProfile(endpointURL string) {
	w.Helper()
	profiles.Lock()
	defer profiles.Unlock()
	file, err := os.OpenFile(program.profiles, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.Fatal(err)
	}
	w.profile = filepath.Base(endpointURL)
	_, err = fmt.Fprintf(file, "[profile %s]\nendpoint_url = %s\nregion = %s\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		w.profile, endpointURL, w.info.Region, w.info.AccessKeyID, w.info.SecretAccessKey)
	if err := errors.Join(err, file.Close()); err != nil {
		w.Fatal(err)
	}
}

// past is what terraform made of an endpoint in a sandbox like all others, so that
// it need not be done again in each.
type past struct {
	specs []endpoint.Spec // one after the other
	state []byte
}

// relive brings a fresh sandbox and workspace to the same point.
func (ws *workspace) relive(p past) {
	ws.Helper()
	loop := ws.loop()
	for i, spec := range p.specs {
		var err error
		if i == 0 {
			_, err = loop.Create(ws.Context(), spec)
		} else {
			_, err = loop.Update(ws.Context(), spec, nil)
		}
		if err != nil {
			ws.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(ws.folder, "terraform.tfstate"), p.state, 0o600); err != nil {
		ws.Fatal(err)
	}
}
