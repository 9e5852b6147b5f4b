// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import "strings"

// Actions are the kinds of actions that the loop does, by how it words them. The
// first that fits counts.
var Actions = []struct{ Kind, Words string }{
	{"Start", "start "},
	{"Note", "note what is to be taken over"},
	{"Lack", "note the "},
	{"Count", "count a read "},
	{"Advance", "advance to "},
	{"Obey", "obey the order "},
	{"Join", "let "},
	{"Attach", "attach the scaling group "},
	{"Detach", "detach the scaling group "},
	{"Register", "register "},
	{"Deregister", "deregister "},
	{"Recap", "follow the cap "},
	{"Lift", "lift the pause"},
	{"Freeze", "freeze the rollout"},
	{"Thaw", "go on with the frozen rollout"},
	{"Probe", "ask "},
	{"Settle", "note that traffic is "},
	{"Promote", "finish the rollout"},
	{"Abandon", "give the rollout up"},
	{"Conclude", "close the rollout"},
	{"Lose", "note that "},
	{"Restore", "make "},
	{"Accept", "accept the desired state"},
	{"Launch", "create environment "},
	{"Shift", "set traffic "},
	{"Scale", "scale "},
	{"Resize", "set the capacity "},
	{"Aim", "aim the test route "},
	{"Unaim", "remove the test route"},
	{"Unroute", "remove the listener rule"},
	{"Point", "point "},
	{"Unpoint", "remove the DNS record"},
	{"Retire", "terminate environment "},
	{"Forget", "remove what is left "},
	{"Dissolve", "remove the application"},
}

// records are the actions that do not change AWS.
var records = map[string]bool{
	"Start": true, "Note": true, "Count": true, "Advance": true, "Settle": true, "Promote": true, "Abandon": true,
	"Conclude": true, "Lose": true, "Restore": true, "Accept": true, "Obey": true, "Recap": true,
	"Lack": true, "Lift": true, "Join": true, "Freeze": true, "Thaw": true, "Probe": true,
}

// kindOf is the kind of an action that is worded so, or "".
func kindOf(words string) string {
	for _, a := range Actions {
		if strings.HasPrefix(words, a.Words) {
			return a.Kind
		}
	}
	return ""
}
