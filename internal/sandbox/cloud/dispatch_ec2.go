// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

func (c *Cloud) serveEC2(w http.ResponseWriter, r *http.Request, s scope) {
	call := Call{Time: c.now(), RequestID: newRequestID(), Service: "ec2", Parameters: json.RawMessage("{}"), Outcome: "OK"}
	err := r.ParseForm()
	var p principal
	if err == nil {
		call.Operation, call.Changing = r.Form.Get("Action"), changes(r.Form.Get("Action"))
		call.Parameters = formParameters(r)
		p, err = c.authenticate(s, call.Operation)
		call.Principal = p.arn
	}
	if err == nil {
		err = c.authorize(p, "ec2", call.Operation, nil)
	}
	var effect faults.Effect
	if err == nil {
		if effect = c.befall(&call); effect.Error != nil {
			err = effect.Error
		}
	}
	var answer ec2Answer
	if err == nil {
		c.mu.Lock()
		world := c
		if view := c.asOf("ec2", effect.Stale); view != nil {
			world = view
		}
		answer, err = world.ec2(call.Operation, r.Form)
		c.mu.Unlock()
	}
	if err == nil {
		c.calls.add(call)
		c.depart(effect)
		writeEC2(w, call.RequestID, call.Operation, answer)
		return
	}
	status, e := http.StatusBadRequest, &ec2Error{wire.Code(err), wire.Message(err)}
	errors.As(err, &e)
	switch e.code { // what EC2 calls these
	case "AccessDenied":
		status, e.code = http.StatusForbidden, "UnauthorizedOperation"
		e.message = "You are not authorized to perform this operation. " + e.message
	case "ExpiredToken":
		e.code, e.message = "RequestExpired", "Request has expired."
	case "InvalidClientTokenId", "SignatureDoesNotMatch":
		status, e.code = http.StatusUnauthorized, "AuthFailure"
	}
	if effect.Error != nil {
		status, e = effect.Error.HTTPStatus(), &ec2Error{effect.Error.Code, effect.Error.ErrorMessage()}
	}
	call.Outcome, call.Message = e.code, e.message
	c.calls.add(call)
	c.depart(effect)
	writeEC2Error(w, call.RequestID, status, e.code, e.message)
}

func formParameters(r *http.Request) json.RawMessage {
	p := map[string]string{}
	for k := range r.Form {
		if k != "Action" && k != "Version" {
			p[k] = r.Form.Get(k)
		}
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic("cloud: a map of strings did not marshal: " + err.Error())
	}
	return b
}

// writeEC2 writes an answer of EC2's.
func writeEC2(w http.ResponseWriter, requestID, operation string, answer ec2Answer) {
	type member struct {
		XMLName xml.Name
		Items   any `xml:"item"`
	}
	writeXML(w, http.StatusOK, struct {
		XMLName   xml.Name
		RequestID string `xml:"requestId"`
		Set       member
		NextToken string `xml:"nextToken,omitempty"`
	}{xml.Name{Space: ec2Namespace, Local: operation + "Response"}, requestID, member{xml.Name{Local: answer.set}, answer.items}, answer.next})
}

// writeEC2Error writes an error in EC2's own form.
func writeEC2Error(w http.ResponseWriter, requestID string, status int, code, message string) {
	type failure struct{ Code, Message string }
	writeXML(w, status, struct {
		XMLName   xml.Name  `xml:"Response"`
		Errors    []failure `xml:"Errors>Error"`
		RequestID string
	}{Errors: []failure{{code, message}}, RequestID: requestID})
}

func writeXML(w http.ResponseWriter, status int, document any) {
	b, err := xml.Marshal(document)
	if err != nil {
		panic("cloud: an EC2 document did not marshal: " + err.Error())
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	// The client has gone when this fails; there is nobody to tell.
	_, _ = w.Write(append([]byte(xml.Header), b...))
}
