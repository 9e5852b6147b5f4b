// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// route53Operations are what route53 answers.
var route53Operations = slices.Collect(func(yield func(string) bool) {
	for _, operation := range route53Shapes {
		if !yield(operation) {
			return
		}
	}
})

func (c *Cloud) serveRoute53(w http.ResponseWriter, r *http.Request, s scope) {
	operation, id := readRoute53Path(r)
	call := Call{Time: c.now(), RequestID: newRequestID(), Service: "route53", Operation: operation, Changing: changes(operation), Outcome: "OK"}
	body, err := io.ReadAll(r.Body)
	call.Parameters = route53Parameters(id, r.URL.Query(), body)
	if err == nil && operation == "" {
		err = wire.Errorf("InvalidAction", "The sandbox serves no %s of %s", r.Method, r.URL.Path)
	}
	var p principal
	if err == nil {
		p, err = c.authenticate(s, operation)
		call.Principal = p.arn
	}
	if err == nil {
		err = c.authorize(p, "route53", operation, struct{ ID *string }{&id})
	}
	var effect faults.Effect
	if err == nil {
		if effect = c.befall(&call); effect.Error != nil {
			err = effect.Error
		}
	}
	var answer any
	if err == nil {
		c.mu.Lock()
		answer, err = c.route53(operation, id, r.URL.Query(), body)
		c.mu.Unlock()
	}
	if err != nil {
		call.Outcome, call.Message = wire.Code(err), wire.Message(err)
	}
	c.calls.add(call)
	c.depart(effect)
	w.Header().Set("Date", c.now().Format(http.TimeFormat))
	w.Header().Set("X-Amzn-Requestid", call.RequestID)
	if err != nil {
		writeRoute53Error(w, call.RequestID, err)
		return
	}
	status := http.StatusOK
	if operation == "CreateHostedZone" {
		status = http.StatusCreated
		w.Header().Set("Location", route53Namespace+"hostedzone")
	}
	writeRoute53(w, status, operation+"Response", answer)
}

// readRoute53Path finds operation and identifier; the operation is empty when it is
// not served.
func readRoute53Path(r *http.Request) (operation, id string) {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/2013-04-01/"), "/"), "/")
	at := 1
	if parts[0] == "tags" {
		at = 2
	}
	if len(parts) > at {
		id, parts[at] = parts[at], "*"
	}
	return route53Shapes[r.Method+" "+strings.Join(parts, "/")], id
}

// route53Parameters are the identifier, the query, and a body as it came.
func route53Parameters(id string, q url.Values, body []byte) json.RawMessage {
	p := map[string]string{}
	if id != "" {
		p["Id"] = id
	}
	for name := range q {
		p[name] = q.Get(name)
	}
	if len(body) > 0 {
		p["Body"] = string(body)
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic("cloud: a map of strings did not marshal: " + err.Error())
	}
	return b
}

func writeRoute53Error(w http.ResponseWriter, requestID string, err error) {
	type failure struct{ Type, Code, Message string }
	writeRoute53(w, wire.Status(err), "ErrorResponse", struct {
		Error     failure
		RequestID string `xml:"RequestId"`
	}{failure{"Sender", wire.Code(err), wire.Message(err)}, requestID})
}

// writeRoute53 writes a document whose root has the name given.
func writeRoute53(w http.ResponseWriter, status int, root string, document any) {
	b := bytes.NewBufferString(xml.Header)
	if err := xml.NewEncoder(b).EncodeElement(document, xml.StartElement{Name: xml.Name{Space: route53Namespace, Local: root}}); err != nil {
		panic("cloud: a document of Route 53 did not marshal: " + err.Error())
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	// The client has gone when this fails; there is nobody to tell.
	_, _ = w.Write(b.Bytes())
}
