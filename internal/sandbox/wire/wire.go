// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package wire speaks the AWS request protocols for services that are written
// as plain Go methods over the SDK's own input and output structs.
//
// A service is a value with methods such as
//
//	func (s *Balancer) CreateRule(ctx context.Context, in *elbv2.CreateRuleInput) (*elbv2.CreateRuleOutput, error)
//
// and the package finds them by reflection, reads requests in AWS Query, RPC v2
// CBOR or AWS JSON 1.0, whichever the client speaks, and answers in the same.
// It knows nothing about what the operations do, who may call them, or S3,
// whose bindings to headers and URLs cannot be read from the Go structs.
package wire

import (
	"context"
	"fmt"
	"reflect"
	"strings"
)

// A Service is a set of operations under one API name and version.
type Service struct {
	// Name is the name under which clients sign, for example "elasticloadbalancing".
	Name string
	// Version is the API version of AWS Query, for example "2015-12-01".
	Version string
	// Namespace is the XML namespace of AWS Query answers.
	Namespace string
	// Target is the service's name in the RPC v2 path and the JSON target header.
	Target string
	// Unions holds one value of each union member type, as a pointer.
	Unions []any
	// Required names, by operation, the top-level members that a request must have.
	Required map[string][]string

	operations map[string]Operation
}

// An Operation is one call of a service.
type Operation struct {
	// Input is the struct that a request fills.
	Input reflect.Type
	// Call takes a pointer to an Input and gives a pointer to an output.
	Call func(ctx context.Context, in any) (any, error)
}

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// Serve adds the operations of receiver: its methods of the form
// func(context.Context, *In) (*Out, error), under their own names.
func (s *Service) Serve(receiver any) {
	v := reflect.ValueOf(receiver)
	for i := range v.NumMethod() {
		m := v.Method(i)
		t := m.Type()
		if t.NumIn() != 2 || t.NumOut() != 2 || t.In(0) != contextType || t.In(1).Kind() != reflect.Pointer || t.Out(1) != errorType {
			continue
		}
		s.Add(v.Type().Method(i).Name, Operation{
			Input: t.In(1).Elem(),
			Call: func(ctx context.Context, in any) (any, error) {
				out := m.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(in)})
				err, _ := out[1].Interface().(error)
				return out[0].Interface(), err
			},
		})
	}
}

// Add adds one operation. It panics when there is one of that name already,
// which is a mistake in the program.
func (s *Service) Add(name string, o Operation) {
	if _, dup := s.operations[name]; dup {
		panic(fmt.Sprintf("wire: %s has two operations %s", s.Name, name))
	}
	if s.operations == nil {
		s.operations = map[string]Operation{}
	}
	s.operations[name] = o
}

// Operations gives the names of the operations, in no order.
func (s *Service) Operations() []string {
	var names []string
	for name := range s.operations {
		names = append(names, name)
	}
	return names
}

// missing gives the required members that the input lacks.
func (s *Service) missing(operation string, in reflect.Value) []string {
	var absent []string
	for _, name := range s.Required[operation] {
		if f := in.FieldByName(name); f.IsValid() && f.IsZero() {
			absent = append(absent, name)
		}
	}
	return absent
}

// union gives the concrete type for a member of a union interface.
func (s *Service) union(iface reflect.Type, member string) (reflect.Type, bool) {
	for _, u := range s.Unions {
		t := reflect.TypeOf(u)
		if t.Implements(iface) && unionMember(t.Elem()) == member {
			return t, true
		}
	}
	return nil, false
}

// unionMember gives the wire name of a union member: the SDK names the types
// <Union>Member<Name>.
func unionMember(t reflect.Type) string {
	_, name, _ := strings.Cut(t.Name(), "Member")
	return name
}
