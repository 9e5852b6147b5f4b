// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"bytes"
	"cmp"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/objects"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// A recording holds an answer back until the call is in the log.
type recording struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recording) Header() http.Header         { return r.header }
func (r *recording) WriteHeader(status int)      { r.status = status }
func (r *recording) Write(p []byte) (int, error) { return r.body.Write(p) }

// serveS3 lets the object store answer and logs the call before the client
// can see the answer.
func (c *Cloud) serveS3(w http.ResponseWriter, r *http.Request, s scope) {
	call := Call{Time: c.now(), RequestID: newRequestID(), Service: "s3", Operation: objects.Operation(r)}
	call.Changing = changes(call.Operation)
	call.Parameters = s3Parameters(r)
	recorded := &recording{header: http.Header{}, status: http.StatusOK}
	var effect faults.Effect
	p, err := c.identify(s)
	call.Principal = p.arn
	switch {
	case s.accessKey == "":
		objects.WriteError(recorded, r, http.StatusForbidden, "AccessDenied", "Access Denied")
	case wire.Code(err) == "ExpiredToken":
		objects.WriteError(recorded, r, http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	case err != nil && p.arn != "":
		objects.WriteError(recorded, r, http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid.")
	case err != nil:
		objects.WriteError(recorded, r, http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	default:
		if why := c.refuseS3(p, r, call.Operation); why != "" {
			call.Message = why // which the answer to HEAD does not tell
			objects.WriteError(recorded, r, http.StatusForbidden, "AccessDenied", why)
		} else if err := readWhole(r); err != nil {
			objects.WriteError(recorded, r, http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header")
		} else if effect = c.befall(&call); effect.Error != nil {
			objects.WriteError(recorded, r, effect.Error.HTTPStatus(), effect.Error.Code, effect.Error.ErrorMessage())
		} else {
			c.objects.ServeHTTP(recorded, r.WithContext(objects.WithPermission(r.Context(), c.refuseDelete(p, r))))
		}
	}
	call.Outcome = "OK"
	if recorded.status >= 400 {
		call.Outcome = cmp.Or(s3Element(recorded, "Code"), strconv.Itoa(recorded.status))
		call.Message = cmp.Or(call.Message, s3Element(recorded, "Message"))
	}
	if id := recorded.header.Get("X-Amz-Request-Id"); id != "" {
		call.RequestID = id
	}
	c.calls.add(call)
	c.depart(effect)
	for k, v := range recorded.header {
		w.Header()[k] = v
	}
	w.WriteHeader(recorded.status)
	// The client has gone when this fails; there is nobody to tell.
	_, _ = w.Write(recorded.body.Bytes())
}

// readWhole buffers a request's body.
func readWhole(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

// s3Parameters are bucket and key of a path-style request and its query.
func s3Parameters(r *http.Request) json.RawMessage {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	p := map[string]string{"Bucket": bucket}
	if key != "" {
		p["Key"] = key
	}
	for k, v := range r.URL.Query() {
		if !strings.HasPrefix(k, "X-Amz-") {
			p[k] = strings.Join(v, ",")
		}
	}
	for _, h := range []string{"If-Match", "If-None-Match"} {
		if v := r.Header.Get(h); v != "" {
			p[strings.ReplaceAll(h, "-", "")] = v
		}
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic("cloud: a map of strings did not marshal: " + err.Error())
	}
	return b
}

// s3Element reads an element of an error document; HEAD has none.
func s3Element(r *recording, name string) string {
	_, rest, _ := strings.Cut(r.body.String(), "<"+name+">")
	text, _, found := strings.Cut(rest, "</"+name+">")
	if !found {
		return ""
	}
	return html.UnescapeString(text)
}
