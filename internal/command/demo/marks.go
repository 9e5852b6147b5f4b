// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// mark is a moment worth naming.
type mark struct {
	at   time.Time
	kind markKind
	text string
}

type markKind int

const (
	command  markKind = iota // a terraform run began
	shift                    // weights were changed
	trouble                  // something went wrong, as the story wants it
	recovery                 // traffic is back where it was
)

// shifts finds in the calls to AWS those that moved traffic, and names each after
// the share that the rising target group has from then on: "25%". The first
// weights a rule is given move nothing.
func shifts(calls []cloud.Call) []mark {
	var marks []mark
	var before map[string]float64
	for _, call := range calls {
		if call.Outcome != "OK" || call.Operation != "CreateRule" && call.Operation != "ModifyRule" {
			continue
		}
		after := forwardShares(call.Parameters)
		if after == nil {
			continue
		}
		for group, share := range after {
			if before != nil && share > before[group] {
				marks = append(marks, mark{call.Time, shift, fmt.Sprintf("%.0f%%", 100*share)})
				break
			}
		}
		before = after
	}
	return marks
}

// forwardShares reads the target groups' shares, 0 to 1, from the parameters of
// CreateRule or ModifyRule; nil when they forward nothing.
func forwardShares(parameters json.RawMessage) map[string]float64 {
	var p struct {
		Actions []struct {
			TargetGroupArn string
			ForwardConfig  *struct {
				TargetGroups []struct {
					TargetGroupArn string
					Weight         *float64
				}
			}
		}
	}
	if json.Unmarshal(parameters, &p) != nil {
		return nil
	}
	weights, sum := map[string]float64{}, 0.0
	for _, action := range p.Actions {
		switch {
		case action.ForwardConfig != nil:
			for _, g := range action.ForwardConfig.TargetGroups {
				weight := 1.0 // of a single group without a weight
				if g.Weight != nil {
					weight = *g.Weight
				}
				weights[g.TargetGroupArn] += weight
				sum += weight
			}
		case action.TargetGroupArn != "":
			weights[action.TargetGroupArn] = 1
			sum++
		}
	}
	if sum == 0 {
		return nil
	}
	for group := range weights {
		weights[group] /= sum
	}
	return weights
}
