// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
)

// ListenerFor is the address of the listener that takes requests for a host: one of
// a load balancer of that name, or one with a rule for it. port is the listener's,
// 80 when it is empty. It is "" when there is none.
func (c *Cloud) ListenerFor(host, port string) string {
	wanted, err := strconv.Atoi(port)
	if err != nil {
		wanted = 80
	}
	for _, world := range c.partition.all() {
		if address := world.listenerFor(strings.ToLower(host), int32(wanted)); address != "" {
			return address
		}
	}
	return ""
}

func (c *Cloud) listenerFor(host string, port int32) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, lb := range c.balancers {
		for _, l := range lb.listeners {
			if l.proxy != nil && value(l.Port) == port && (strings.EqualFold(value(lb.DNSName), host) || l.serves(host)) {
				return l.proxy.Addr()
			}
		}
	}
	return ""
}

// serves says that a rule of the listener names the host.
func (l *listener) serves(host string) bool {
	return slices.ContainsFunc(l.rules, func(r *rule) bool {
		for _, condition := range r.Conditions {
			if h := condition.HostHeaderConfig; h != nil && slices.ContainsFunc(h.Values, func(p string) bool { return proxy.Wildcard(strings.ToLower(p), host) }) {
				return true
			}
		}
		return false
	})
}
