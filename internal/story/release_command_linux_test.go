// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// A release that is interrupted stops in order, and the same command goes on; one
// that is interrupted twice ends at once, and still the same command goes on.
func TestInterruptedRelease(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 10})
	ws, first := w.halfway()
	ws.set("version", "1.0.0")
	ws.configure()
	asked := func() *running {
		return ws.begin(program.ionroller, "release", "checkout", "1.1.0", "--yes", "--terraform", program.terraform)
	}
	_, end := w.traffic()

	releasing := asked()
	w.until("half of the traffic is on 1.1.0", w.bakes)
	if err := interrupt(releasing.Cmd); err != nil {
		t.Fatal(err)
	}
	r := releasing.end()
	if r.code != 1 {
		t.Errorf("the interrupted release ended with code %d:\n%s", r.code, r.out)
	}
	ws.wantSays(r, "Once more ends the program at once", "[WARN] The run was interrupted: release 1.0.0 is live, and 1.1.0 is at step 1 of 2, with 50 % of traffic", "run this again to go on")
	w.wantStopped(first)
	ws.wantVersionInFile("1.1.0")

	// The call under way, and the note in the journal, take their time.
	releasing = asked()
	w.until("it goes on", func() bool { return w.record().Lease != nil })
	if err := w.SetFaults(faults.Settings{Faults: []faults.Fault{{Latency: faults.Duration(2 * time.Second)}}}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan run, 1)
	go func() { ended <- releasing.end() }()
	w.until("it has ended", func() bool {
		select {
		case r = <-ended:
			return true
		default:
			_ = interrupt(releasing.Cmd)
			return false
		}
	})
	if r.code != 130 {
		t.Errorf("interrupted twice the release ended with code %d:\n%s", r.code, r.out)
	}
	if err := w.SetFaults(faults.Settings{}); err != nil {
		t.Fatal(err)
	}
	w.until("the provider lets go", func() bool { return w.record().Lease == nil })
	ws.wantVersionInFile("1.1.0")

	if r := asked().end(); r.code != 0 || !r.says("[INFO] 1.1.0 is live as configured") {
		t.Errorf("the last release ended with code %d:\n%s", r.code, r.out)
	}
	end()
	w.wantExplained()
	ws.set("version", "1.1.0")
	ws.wantEmptyPlan()
}

// wantVersionInFile expects the configuration to have a version.
func (ws *workspace) wantVersionInFile(version string) {
	ws.Helper()
	text := must[[]byte](ws.world)(os.ReadFile(filepath.Join(ws.folder, "main.tf.json")))
	if !strings.Contains(string(text), fmt.Sprintf(`"version": %q`, version)) {
		ws.Errorf("the configuration is %s", text)
	}
}
