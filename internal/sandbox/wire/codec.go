// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// The codec turns SDK structs into a tree and back. The protocols differ only
// in how they write the tree: an object is a list of fields in declared order,
// a dict is a Go map, a list is []any, and leaves are string, bool, int64,
// float64, []byte and time.Time. Trees that were read have dict for objects,
// and form where AWS Query leaves open whether it is a list or an object.
type (
	object []field
	field  struct {
		name  string
		value any
	}
	dict map[string]any
)

// encode gives the tree of a value; nil when it is absent.
func encode(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return encode(v.Elem())
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		member := v.Elem().Elem()
		return object{{unionMember(member.Type()), encode(member.FieldByName("Value"))}}
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return t.UTC()
		}
		o := object{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !isMember(f) {
				continue
			}
			if x := encode(v.Field(i)); x != nil {
				o = append(o, field{memberName(v.Type(), f), x})
			}
		}
		return o
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return slices.Clone(v.Bytes())
		}
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			list = append(list, encode(v.Index(i)))
		}
		return list
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
		d := dict{}
		for _, k := range v.MapKeys() {
			d[k.String()] = encode(v.MapIndex(k))
		}
		return d
	case reflect.String:
		if v.String() == "" && v.Type() != stringType { // an enumeration that is not set
			return nil
		}
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	panic("wire: cannot encode " + v.Type().String())
}

var stringType = reflect.TypeFor[string]()

// isMember tells members from the SDK's own fields.
func isMember(f reflect.StructField) bool {
	return f.IsExported() && f.Name != "ResultMetadata"
}

// memberName is the wire name of a struct's field: the Go name, but for the
// members whose models say otherwise. Structs that are not the SDK's say it by the
// tag wire.
func memberName(t reflect.Type, f reflect.StructField) string {
	switch t.Name() + "." + f.Name {
	case "CpuPerformanceFactorRequest.References":
		return "Reference"
	case "PolicyDescriptorType.Arn":
		return "arn"
	}
	if name, ok := f.Tag.Lookup("wire"); ok {
		return name
	}
	return f.Name
}

// listMember is the element name of a list under the given member name.
func listMember(name string) string {
	if name == "Reference" {
		return "item"
	}
	return "member"
}

// decode fills v from a tree. Path names the place for error messages.
func (s *Service) decode(tree any, v reflect.Value, path string) error {
	if tree == nil {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		if err := s.decode(tree, p.Elem(), path); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case reflect.Interface:
		return s.decodeUnion(tree, v, path)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			t, err := asTime(tree)
			if err != nil {
				return malformed(path, err)
			}
			v.Set(reflect.ValueOf(t))
			return nil
		}
		members, ok := asDict(tree)
		if !ok {
			return malformed(path, fmt.Errorf("a structure is wanted, not %v", tree))
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !isMember(f) {
				continue
			}
			name := memberName(v.Type(), f)
			if err := s.decode(members[name], v.Field(i), join(path, name)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b, err := asBytes(tree)
			if err != nil {
				return malformed(path, err)
			}
			v.SetBytes(b)
			return nil
		}
		items, err := asList(tree)
		if err != nil {
			return malformed(path, err)
		}
		list := reflect.MakeSlice(v.Type(), len(items), len(items))
		for i, item := range items {
			if err := s.decode(item, list.Index(i), fmt.Sprintf("%s.member.%d", path, i+1)); err != nil {
				return err
			}
		}
		v.Set(list)
		return nil
	case reflect.Map:
		entries, err := asEntries(tree)
		if err != nil {
			return malformed(path, err)
		}
		m := reflect.MakeMap(v.Type())
		for k, item := range entries {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := s.decode(item, e, join(path, k)); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(k).Convert(v.Type().Key()), e)
		}
		v.Set(m)
		return nil
	}
	return decodeLeaf(tree, v, path)
}

func (s *Service) decodeUnion(tree any, v reflect.Value, path string) error {
	members, ok := asDict(tree)
	if !ok || len(members) != 1 {
		return malformed(path, fmt.Errorf("exactly one member is wanted"))
	}
	for name, value := range members {
		t, ok := s.union(v.Type(), name)
		if !ok {
			return malformed(path, fmt.Errorf("unknown member %s", name))
		}
		p := reflect.New(t.Elem())
		if err := s.decode(value, p.Elem().FieldByName("Value"), join(path, name)); err != nil {
			return err
		}
		v.Set(p)
	}
	return nil
}

// decodeLeaf converts scalars; AWS Query has only strings.
func decodeLeaf(tree any, v reflect.Value, path string) error {
	text, isText := tree.(string)
	bad := func() error { return malformed(path, fmt.Errorf("%v is not a %s", tree, v.Kind())) }
	switch v.Kind() {
	case reflect.String:
		if !isText {
			return bad()
		}
		v.SetString(text)
		return checkWord(v, path)
	case reflect.Bool:
		b, ok := tree.(bool)
		if isText {
			parsed, err := strconv.ParseBool(text)
			b, ok = parsed, err == nil
		}
		if !ok {
			return bad()
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, ok := asInt(tree)
		if isText {
			parsed, err := strconv.ParseInt(text, 10, 64)
			n, ok = parsed, err == nil
		}
		if !ok || v.OverflowInt(n) {
			return bad()
		}
		v.SetInt(n)
	case reflect.Float32, reflect.Float64:
		x, ok := tree.(float64)
		if n, isInt := tree.(int64); isInt {
			x, ok = float64(n), true
		}
		if isText {
			parsed, err := strconv.ParseFloat(text, 64)
			x, ok = parsed, err == nil
		}
		if !ok {
			return bad()
		}
		v.SetFloat(x)
	default:
		panic("wire: cannot decode " + v.Type().String())
	}
	return nil
}

func asInt(tree any) (int64, bool) {
	switch n := tree.(type) {
	case int64:
		return n, true
	case float64:
		return int64(n), n == math.Trunc(n)
	}
	return 0, false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
