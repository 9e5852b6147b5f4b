// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

// motoVersion is the version of moto of which differences are recorded.
const motoVersion = "5.2.1"

// difference is a contract that a backend is known not to keep.
type difference struct{ backend, contract string }

// differences gives the reasons. A contract that is here and holds all the same
// fails its test, so the table does not outlive what it tells.
//
// AWS keeps all of these, and so does the sandbox. What is said of moto is said of
// motoVersion; with another, a difference fails nothing.
var differences = map[difference]string{
	{"moto", "a rule that names a group alone forwards to it with a forward configuration"}: "it gives an action back as it was sent, where AWS completes it",
	{"moto", "rules are described in the order of their priorities, the default last"}:      "it gives them in the order in which they were made; ionroller sorts for itself",
	{"moto", "two rules can swap their priorities"}:                                         "it sets one priority after the other, and so refuses the first of a swap",
	{"moto", "a removed rule cannot be removed again"}:                                      "it takes a removal of what is not there for done",
	{"moto", "a removed rule's tags are not found"}:                                         "it answers with no tags for any ARN that it does not know",
	{"moto", "an action has at most five target groups"}:                                    "it does not count them",
	{"moto", "a target group is at most once in an action"}:                                 "it does not compare them",
	{"moto", "a weight is at most 999"}:                                                     "it does not look at weights",
	{"moto", "a maximum below the minimum is refused"}:                                      "it does not compare them",
	{"moto", "a desired capacity outside of the bounds is refused"}:                         "it does not compare them",
	{"moto", "a new alarm has insufficient data"}:                                           "its alarms begin as OK, and it never evaluates them",
	{"moto", "an ARN that is not a role's cannot be assumed"}:                               "it does not look at roles",
	{"moto", "a record that is there cannot be created"}:                                    "it takes a record of other values for another one",
	{"moto", "a record is removed only by its own values"}:                                  "it refuses as AWS does, and calls it InvalidInput",
	{"moto", "an alias cannot stand beside a CNAME"}:                                        "it does not compare the types of a name",
	{"moto", "records are listed by name from a name on, a wildcard by its code"}:           "it gives an asterisk back as it was sent, and does not put the name it begins with in lower case",
}
