// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"encoding/json"
	"time"
)

func parseJSON(body []byte) (any, error) {
	if len(body) == 0 {
		return dict{}, nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, malformed("the request", err)
	}
	return fromJSON(v), nil
}

func fromJSON(v any) any {
	switch t := v.(type) {
	case map[string]any:
		d := dict{}
		for k, item := range t {
			d[k] = fromJSON(item)
		}
		return d
	case []any:
		for i, item := range t {
			t[i] = fromJSON(item)
		}
	}
	return v
}

// toJSON makes a tree that encoding/json writes as AWS JSON 1.0 wants it:
// times as seconds, bytes in base 64.
func toJSON(tree any) any {
	switch t := tree.(type) {
	case object:
		m := map[string]any{}
		for _, f := range t {
			m[f.name] = toJSON(f.value)
		}
		return m
	case dict:
		m := map[string]any{}
		for k, v := range t {
			m[k] = toJSON(v)
		}
		return m
	case []any:
		list := make([]any, len(t))
		for i, item := range t {
			list[i] = toJSON(item)
		}
		return list
	case time.Time:
		return seconds(t)
	}
	return tree
}

func marshalJSON(tree any) []byte {
	b, err := json.Marshal(toJSON(tree))
	if err != nil {
		panic("wire: a tree of plain values did not marshal: " + err.Error())
	}
	return b
}
