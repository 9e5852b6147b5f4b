// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// A form is a node of an AWS Query request, keyed by the next part of the
// parameter's name: a structure, a list (member.1 ...) or a map (entry.1.key ...),
// which only the type that is wanted can tell.
type form map[string]any

func asDict(tree any) (dict, bool) {
	switch t := tree.(type) {
	case dict:
		return t, true
	case form:
		return dict(t), true
	case string:
		return dict{}, t == "" // an empty structure in a form
	}
	return nil, false
}

func asList(tree any) ([]any, error) {
	switch t := tree.(type) {
	case []any:
		return t, nil
	case string: // "Names=" is an empty list
		if t == "" {
			return nil, nil
		}
	case form:
		for _, element := range []string{"member", "item"} {
			if items, ok := t[element].(form); ok {
				return numbered(items)
			}
		}
	}
	return nil, fmt.Errorf("a list is wanted")
}

func asEntries(tree any) (map[string]any, error) {
	switch t := tree.(type) {
	case dict:
		return t, nil
	case string:
		if t == "" {
			return nil, nil
		}
	case form:
		items, ok := t["entry"].(form)
		if !ok {
			break
		}
		list, err := numbered(items)
		if err != nil {
			return nil, err
		}
		m := map[string]any{}
		for _, item := range list {
			e, _ := item.(form)
			key, ok := e["key"].(string)
			if !ok {
				return nil, fmt.Errorf("a map entry has no key")
			}
			m[key] = e["value"]
		}
		return m, nil
	}
	return nil, fmt.Errorf("a map is wanted")
}

// numbered gives the children 1, 2, 3 ... of a node in their order.
func numbered(f form) ([]any, error) {
	var indexes []int
	for k := range f {
		n, err := strconv.Atoi(k)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a list index", k)
		}
		indexes = append(indexes, n)
	}
	slices.Sort(indexes)
	var list []any
	for _, n := range indexes {
		list = append(list, f[strconv.Itoa(n)])
	}
	return list, nil
}

func asTime(tree any) (time.Time, error) {
	switch t := tree.(type) {
	case time.Time:
		return t, nil
	case float64:
		return epoch(t), nil
	case int64:
		return time.Unix(t, 0).UTC(), nil
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
			if at, err := time.Parse(layout, t); err == nil {
				return at.UTC(), nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%v is not a timestamp", tree)
}

// epoch rounds to milliseconds: seconds as a float are not exact.
func epoch(seconds float64) time.Time {
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
}

func asBytes(tree any) ([]byte, error) {
	switch t := tree.(type) {
	case []byte:
		return t, nil
	case string:
		return base64.StdEncoding.DecodeString(t)
	}
	return nil, fmt.Errorf("bytes are wanted")
}
