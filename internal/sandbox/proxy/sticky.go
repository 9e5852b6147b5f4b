// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// stickyCookie names the group that a client stays with. Its twin carries the
// attributes that browsers ask of cross-origin cookies.
const (
	stickyCookie     = "AWSALBTG"
	stickyCookieCORS = "AWSALBTGCORS"
)

// stickyGroup is the group that the request's cookie binds it to, if that still
// has a place in the rule. Its weight does not matter, even a weight of 0.
func (l *Listener) stickyGroup(r *http.Request, rule *compiledRule) *Group {
	if rule.StickyFor <= 0 {
		return nil
	}
	for _, name := range []string{stickyCookie, stickyCookieCORS} {
		cookie, err := r.Cookie(name)
		if err != nil {
			continue
		}
		raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
		if err != nil || len(raw) != len(groupID{})+8 {
			continue
		}
		id := groupID(raw)
		expires := time.Unix(0, int64(binary.BigEndian.Uint64(raw[len(id):])))
		if !l.now().Before(expires) {
			continue
		}
		for _, g := range rule.Forward {
			if g.Group.id == id {
				return g.Group
			}
		}
	}
	return nil
}

func setStickyCookies(h http.Header, g *Group, expires time.Time) {
	value := base64.RawURLEncoding.EncodeToString(
		binary.BigEndian.AppendUint64(g.id[:], uint64(expires.UnixNano())))
	cookie := http.Cookie{Name: stickyCookie, Value: value, Expires: expires, Path: "/"}
	h.Add("Set-Cookie", cookie.String())
	cookie.Name, cookie.SameSite, cookie.Secure = stickyCookieCORS, http.SameSiteNoneMode, true
	h.Add("Set-Cookie", cookie.String())
}
