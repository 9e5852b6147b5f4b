// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"slices"
)

// tags are a resource's tags in the order in which they were set.
type tags []tag

type tag struct{ key, value string }

// set adds a tag or changes its value.
func (t *tags) set(key, value string) {
	for i := range *t {
		if (*t)[i].key == key {
			(*t)[i].value = value
			return
		}
	}
	*t = append(*t, tag{key, value})
}

func (t *tags) remove(key string) {
	*t = slices.DeleteFunc(*t, func(x tag) bool { return x.key == key })
}

func (t tags) get(key string) (string, bool) {
	for _, x := range t {
		if x.key == key {
			return x.value, true
		}
	}
	return "", false
}
