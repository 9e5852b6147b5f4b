// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/watch"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// A query is a metric's statistic or an expression over other queries.
type query struct {
	metric     *types.Metric
	statistic  string
	unit       types.StandardUnit
	expression *watch.Expression
	period     time.Duration
}

// parseQueries reads queries and gives them by id. Expressions have the period
// of the metrics in them.
func parseQueries(list []types.MetricDataQuery) (map[string]query, error) {
	queries := map[string]query{}
	for _, q := range list {
		id := value(q.Id)
		if _, dup := queries[id]; dup || !isQueryID(id) {
			return nil, wire.Errorf("ValidationError", "The value '%s' for parameter MetricDataQueries.Id is invalid: it must begin with a lower case letter and be unique.", id)
		}
		parsed, err := parseQuery(q)
		if err != nil {
			return nil, err
		}
		queries[id] = parsed
	}
	for id, q := range queries {
		period, err := resolvePeriod(queries, id, nil)
		if err != nil {
			return nil, err
		}
		q.period = period
		queries[id] = q
	}
	return queries, nil
}

func isQueryID(id string) bool {
	return id != "" && strings.Contains(lowerLetters, id[:1]) && strings.Trim(id, lowerLetters+upperLetters+digits+"_") == ""
}

func parseQuery(q types.MetricDataQuery) (query, error) {
	switch {
	case (q.MetricStat == nil) == (q.Expression == nil):
		return query{}, wire.Errorf("ValidationError", "The query %s must have either MetricStat or Expression.", *q.Id)
	case q.AccountId != nil:
		return query{}, wire.Errorf("ValidationError", "The query %s: the sandbox does not share metrics between accounts.", *q.Id)
	case q.Expression != nil:
		e, err := watch.Parse(*q.Expression)
		if err != nil {
			return query{}, wire.Errorf("ValidationError", "Error in expression '%s': %s", *q.Id, err)
		}
		return query{expression: e}, nil
	}
	m := q.MetricStat
	if m.Metric == nil || value(m.Metric.Namespace) == "" || value(m.Metric.MetricName) == "" || m.Period == nil || m.Stat == nil {
		return query{}, wire.Errorf("ValidationError", "The query %s must name namespace, metric, period and statistic.", *q.Id)
	}
	if err := checkStatistic(*m.Stat); err != nil {
		return query{}, err
	}
	if err := checkPeriod(*m.Period); err != nil {
		return query{}, err
	}
	return query{metric: m.Metric, statistic: *m.Stat, unit: m.Unit, period: time.Duration(*m.Period) * time.Second}, nil
}

// resolvePeriod finds the period of a query, and what is wrong with the
// references in expressions on the way.
func resolvePeriod(queries map[string]query, id string, path []string) (time.Duration, error) {
	q, ok := queries[id]
	switch {
	case !ok:
		return 0, wire.Errorf("ValidationError", "Error in expression '%s': Undefined variable [%s].", path[len(path)-1], id)
	case slices.Contains(path, id):
		return 0, wire.Errorf("ValidationError", "Error in expression '%s': it refers to itself.", id)
	case q.expression == nil:
		return q.period, nil
	}
	var period time.Duration
	for _, of := range q.expression.IDs() {
		p, err := resolvePeriod(queries, of, append(path, id))
		if err != nil {
			return 0, err
		}
		if period != 0 && p != period {
			return 0, wire.Errorf("ValidationError", "Error in expression '%s': its metrics must all have the same period.", id)
		}
		period = p
	}
	if period == 0 {
		return 0, wire.Errorf("ValidationError", "Error in expression '%s': it must refer to a metric.", id)
	}
	return period, nil
}

// periodsOf are the beginnings of the periods from start to before end.
func periodsOf(start, end time.Time, period time.Duration) []time.Time {
	var periods []time.Time
	for t := start; t.Before(end); t = t.Add(period) {
		periods = append(periods, t)
	}
	return periods
}

// compute gives the values of a query in consecutive periods, at least one.
func (c *Cloud) compute(queries map[string]query, id string, periods []time.Time) watch.Series {
	q := queries[id]
	if q.expression != nil {
		operands := map[string]watch.Series{}
		for _, of := range q.expression.IDs() {
			operands[of] = c.compute(queries, of, periods)
		}
		return q.expression.Evaluate(operands, periods)
	}
	values := watch.Series{}
	for _, p := range watch.Periods(c.pointsOf(q.metric, q.unit), periods[0], periods[len(periods)-1].Add(q.period), q.period) {
		if v, ok := p.Statistic(q.statistic); ok {
			values[p.At.Unix()] = v
		}
	}
	return values
}
