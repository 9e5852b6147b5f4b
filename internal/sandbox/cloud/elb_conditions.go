// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// checkConditions holds a rule's conditions to ELB's limits and gives them in
// the form in which ELB returns them: host and path conditions carry their
// values twice, in Values and in their own config.
func checkConditions(conditions []types.RuleCondition) ([]types.RuleCondition, error) {
	var checked []types.RuleCondition
	total := 0
	seen := map[string]bool{}
	for _, c := range conditions {
		field := value(c.Field)
		values, err := conditionValues(&c)
		if err != nil {
			return nil, err
		}
		if len(values) == 0 {
			return nil, wire.Errorf("ValidationError", "A condition value must be specified for the field '%s'", field)
		}
		total += len(values)
		for _, v := range values {
			if n := len(v); n == 0 || n > 128 {
				return nil, wire.Errorf("ValidationError", "The condition value '%s' of the field '%s' must have between 1 and 128 characters", v, field)
			}
		}
		if field != "http-header" && field != "query-string" && seen[field] {
			return nil, wire.Errorf("ValidationError", "A rule can only have one '%s' condition", field)
		}
		seen[field] = true
		checked = append(checked, c)
	}
	if total > maxConditionValues {
		return nil, wire.Errorf("ValidationError", "A rule can only have '%d' condition values", maxConditionValues)
	}
	return checked, nil
}

// conditionValues completes one condition and gives its values.
func conditionValues(c *types.RuleCondition) ([]string, error) {
	field := value(c.Field)
	switch field {
	case "host-header":
		if c.HostHeaderConfig != nil {
			c.Values = c.HostHeaderConfig.Values
		}
		c.HostHeaderConfig = &types.HostHeaderConditionConfig{Values: c.Values}
		return c.Values, nil
	case "path-pattern":
		if c.PathPatternConfig != nil {
			c.Values = c.PathPatternConfig.Values
		}
		c.PathPatternConfig = &types.PathPatternConditionConfig{Values: c.Values}
		return c.Values, nil
	case "http-request-method":
		if c.HttpRequestMethodConfig != nil {
			return c.HttpRequestMethodConfig.Values, nil
		}
	case "http-header":
		if c.HttpHeaderConfig != nil {
			if value(c.HttpHeaderConfig.HttpHeaderName) == "" {
				return nil, wire.Errorf("ValidationError", "An HTTP header name must be specified")
			}
			if strings.EqualFold(*c.HttpHeaderConfig.HttpHeaderName, "Host") {
				return nil, wire.Errorf("ValidationError", "The HTTP header name 'Host' is not valid: use a host-header condition")
			}
			return c.HttpHeaderConfig.Values, nil
		}
	case "query-string":
		if c.QueryStringConfig != nil {
			var values []string
			for _, q := range c.QueryStringConfig.Values {
				values = append(values, value(q.Value))
			}
			return values, nil
		}
	case "source-ip":
		if c.SourceIpConfig != nil {
			for _, v := range c.SourceIpConfig.Values {
				if _, err := netip.ParsePrefix(v); err != nil {
					return nil, wire.Errorf("ValidationError", "The source-ip condition value '%s' is not a CIDR block", v)
				}
			}
			return c.SourceIpConfig.Values, nil
		}
	default:
		return nil, wire.Errorf("ValidationError", "Condition field '%s' must be one of '[path-pattern, host-header, http-header, http-request-method, query-string, source-ip]'", field)
	}
	return nil, nil
}

// proxyRule is a rule as the data plane wants it.
func (c *Cloud) proxyRule(r *rule) proxy.Rule {
	p := proxy.Rule{Priority: r.priority}
	for _, condition := range r.Conditions {
		switch *condition.Field {
		case "host-header":
			p.Hosts = slices.Clone(condition.Values)
		case "path-pattern":
			p.Paths = slices.Clone(condition.Values)
		case "http-request-method":
			p.Methods = slices.Clone(condition.HttpRequestMethodConfig.Values)
		case "source-ip":
			p.SourceIPs = slices.Clone(condition.SourceIpConfig.Values)
		case "http-header":
			if p.Headers == nil {
				p.Headers = map[string][]string{}
			}
			h := condition.HttpHeaderConfig
			p.Headers[*h.HttpHeaderName] = append(p.Headers[*h.HttpHeaderName], h.Values...)
		case "query-string":
			for _, q := range condition.QueryStringConfig.Values {
				p.Query = append(p.Query, proxy.QueryPair{Key: value(q.Key), Value: value(q.Value)})
			}
		}
	}
	c.proxyAction(&p, r.Actions[len(r.Actions)-1])
	return p
}
