// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// FixedResponse is an answer that the load balancer gives by itself.
type FixedResponse struct {
	StatusCode  int
	ContentType string
	MessageBody string
}

func (f *FixedResponse) answer(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Server", serverName)
	if f.ContentType != "" {
		h.Set("Content-Type", f.ContentType)
	} else {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(f.StatusCode)
	_, _ = io.WriteString(w, f.MessageBody)
}

// Redirect sends the client elsewhere. In Host, Port, Path and Query the
// placeholders #{protocol}, #{host}, #{port}, #{path} and #{query} stand for
// the parts of the request; an empty field keeps its part.
type Redirect struct {
	Protocol, Host, Port, Path, Query string
	StatusCode                        int // 301 or 302
}

func (d *Redirect) answer(w http.ResponseWriter, r *http.Request, port string) {
	fill := strings.NewReplacer(
		"#{protocol}", "http",
		"#{host}", hostname(r.Host),
		"#{port}", port,
		// The path that the placeholder stands for has no leading slash.
		"#{path}", strings.TrimPrefix(r.URL.EscapedPath(), "/"),
		"#{query}", r.URL.RawQuery,
	).Replace
	part := func(value, placeholder string) string {
		if value == "" {
			value = placeholder
		}
		return fill(value)
	}
	location := fmt.Sprintf("%s://%s:%s%s",
		strings.ToLower(part(d.Protocol, "#{protocol}")),
		part(d.Host, "#{host}"), part(d.Port, "#{port}"), part(d.Path, "/#{path}"))
	if q := part(d.Query, "#{query}"); q != "" {
		location += "?" + q
	}
	h := w.Header()
	h.Set("Server", serverName)
	h.Set("Location", location)
	w.WriteHeader(d.StatusCode)
}

// serverName is how the load balancer names itself in answers of its own.
const serverName = "awselb/2.0"

// answerError gives one of the load balancer's own error pages.
func answerError(w http.ResponseWriter, status int) {
	text := http.StatusText(status)
	switch status {
	case http.StatusServiceUnavailable:
		text = "Service Temporarily Unavailable"
	case http.StatusGatewayTimeout:
		text = "Gateway Time-out"
	}
	h := w.Header()
	h.Set("Server", serverName)
	h.Set("Content-Type", "text/html")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html>\r\n<head><title>%[1]d %[2]s</title></head>\r\n<body>\r\n"+
		"<center><h1>%[1]d %[2]s</h1></center>\r\n</body>\r\n</html>\r\n", status, text)
}
