// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"fmt"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// epochTag marks a number as seconds since 1970 (RFC 8949, 3.4.2).
const epochTag = 1

func parseCBOR(body []byte) (any, error) {
	if len(body) == 0 {
		return dict{}, nil
	}
	v, err := cbor.Decode(body)
	if err != nil {
		return nil, malformed("the request", err)
	}
	return fromCBOR(v)
}

func fromCBOR(v cbor.Value) (any, error) {
	switch t := v.(type) {
	case cbor.Map:
		d := dict{}
		for k, item := range t {
			x, err := fromCBOR(item)
			if err != nil {
				return nil, err
			}
			d[k] = x
		}
		return d, nil
	case cbor.List:
		list := []any{}
		for _, item := range t {
			x, err := fromCBOR(item)
			if err != nil {
				return nil, err
			}
			list = append(list, x)
		}
		return list, nil
	case *cbor.Tag:
		if t.ID != epochTag {
			return nil, malformed("the request", fmt.Errorf("CBOR tag %d is not served", t.ID))
		}
		x, err := cbor.AsFloat64(t.Value)
		if n, intErr := cbor.AsInt64(t.Value); intErr == nil {
			x, err = float64(n), nil
		}
		if err != nil {
			return nil, malformed("the request", err)
		}
		return epoch(x), nil
	case cbor.String:
		return string(t), nil
	case cbor.Slice:
		return []byte(t), nil
	case cbor.Bool:
		return bool(t), nil
	case cbor.Uint, cbor.NegInt:
		n, err := cbor.AsInt64(t)
		if err != nil {
			return nil, malformed("the request", err)
		}
		return n, nil
	case cbor.Float32:
		return float64(t), nil
	case cbor.Float64:
		return float64(t), nil
	case *cbor.Nil, *cbor.Undefined:
		return nil, nil
	}
	return nil, malformed("the request", fmt.Errorf("CBOR %T is not served", v))
}

func toCBOR(tree any) cbor.Value {
	switch t := tree.(type) {
	case object:
		m := cbor.Map{}
		for _, f := range t {
			m[f.name] = toCBOR(f.value)
		}
		return m
	case dict:
		m := cbor.Map{}
		for k, v := range t {
			m[k] = toCBOR(v)
		}
		return m
	case []any:
		list := cbor.List{}
		for _, item := range t {
			list = append(list, toCBOR(item))
		}
		return list
	case string:
		return cbor.String(t)
	case bool:
		return cbor.Bool(t)
	case int64:
		if t < 0 {
			return cbor.NegInt(uint64(-t))
		}
		return cbor.Uint(t)
	case float64:
		return cbor.Float64(t)
	case []byte:
		return cbor.Slice(t)
	case time.Time:
		return &cbor.Tag{ID: epochTag, Value: cbor.Float64(seconds(t))}
	}
	return &cbor.Nil{}
}

// seconds since 1970 with milliseconds.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
