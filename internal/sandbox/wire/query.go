// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timestamp is how AWS Query writes times: UTC with milliseconds.
const timestamp = "2006-01-02T15:04:05.000Z"

// parseForm turns the parameters of an AWS Query request into a tree.
func parseForm(values url.Values) (form, error) {
	root := form{}
	for key, v := range values {
		node := root
		parts := strings.Split(key, ".")
		for i, part := range parts[:len(parts)-1] {
			switch next := node[part].(type) {
			case nil:
				child := form{}
				node[part] = child
				node = child
			case form:
				node = next
			default:
				return nil, malformed(key, fmt.Errorf("%s has a value of its own", strings.Join(parts[:i+1], ".")))
			}
		}
		last := parts[len(parts)-1]
		if _, taken := node[last].(form); taken {
			return nil, malformed(key, fmt.Errorf("it has both a value and members"))
		}
		node[last] = v[0]
	}
	return root, nil
}

// queryResult writes <OpResponse><OpResult>...</OpResult>...</OpResponse>.
// Lists at the top are written even when they are empty: clients that follow
// the model closely leave the key out otherwise.
func (s *Service) queryResult(operation, requestID string, out reflect.Value) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<%sResponse xmlns="%s">`, operation, s.Namespace)
	tree := encode(out).(object)
	for i := range out.NumField() {
		f := out.Type().Field(i)
		if isMember(f) && f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() != reflect.Uint8 && out.Field(i).IsNil() {
			tree = append(tree, field{f.Name, []any{}})
		}
	}
	writeXML(&b, operation+"Result", tree)
	fmt.Fprintf(&b, `<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>`, requestID, operation)
	return b.Bytes()
}

// queryError writes AWS Query's error document.
func (s *Service) queryError(requestID string, e failure) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<ErrorResponse xmlns="%s">`, s.Namespace)
	writeXML(&b, "Error", object{{"Type", e.fault}, {"Code", e.code}, {"Message", e.message}})
	writeXML(&b, "RequestId", requestID)
	b.WriteString("</ErrorResponse>")
	return b.Bytes()
}

func writeXML(b *bytes.Buffer, name string, tree any) {
	b.WriteString("<" + name + ">")
	switch t := tree.(type) {
	case object:
		for _, f := range t {
			writeXML(b, f.name, f.value)
		}
	case dict:
		for _, k := range slices.Sorted(maps.Keys(t)) {
			writeXML(b, "entry", object{{"key", k}, {"value", t[k]}})
		}
	case []any:
		for _, item := range t {
			writeXML(b, listMember(name), item)
		}
	case string:
		// An error is only possible on writing, and a buffer has none.
		_ = xml.EscapeText(b, []byte(t))
	case bool:
		b.WriteString(strconv.FormatBool(t))
	case int64:
		b.WriteString(strconv.FormatInt(t, 10))
	case float64:
		b.WriteString(strconv.FormatFloat(t, 'g', -1, 64))
	case time.Time:
		b.WriteString(t.Format(timestamp))
	case []byte:
		b.WriteString(base64.StdEncoding.EncodeToString(t))
	}
	b.WriteString("</" + name + ">")
}
