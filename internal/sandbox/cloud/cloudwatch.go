// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/watch"
)

// monitoring is CloudWatch.
type monitoring struct{ *Cloud }

// watching is what CloudWatch keeps of an account.
type watching struct {
	series    map[string]*series
	reports   []report // not readable yet, the oldest first
	reported  time.Time
	balancers map[string]string // by target group, the ARN of what forwards to it, or last did
	alarms    []*alarm          // in the order of their creation
	history   []types.AlarmHistoryItem
	evaluated time.Time
}

// A series is one metric in one unit, minute by minute.
type series struct {
	metric types.Metric
	unit   types.StandardUnit
	points []watch.Point // by time
}

// A report is what the load balancers had counted at some time. It becomes
// readable later.
type report struct {
	readable time.Time
	points   []reported
}

type reported struct {
	metric types.Metric
	unit   types.StandardUnit
	point  watch.Point
	adds   bool // to what was reported of that minute before, in place of replacing it
}

const (
	balancerNamespace = "AWS/ApplicationELB"
	// balancerMinutes is how long metrics of load balancers are kept. CloudWatch
	// keeps minutes for 15 days.
	balancerMinutes = 3 * time.Hour
	// customMinutes is how long other metrics are kept, as by CloudWatch.
	customMinutes = 15 * 24 * time.Hour
	// defaultLag is how long it takes until a minute can be read.
	defaultLag = time.Minute
)

// counters are the metrics that the proxy counts. All exist only for minutes in
// which they are not zero.
var counters = []struct {
	name string
	of   func(proxy.Minute) int
}{
	{"RequestCount", func(m proxy.Minute) int { return m.RequestCount }},
	{"HTTPCode_Target_2XX_Count", func(m proxy.Minute) int { return m.HTTP2xx }},
	{"HTTPCode_Target_3XX_Count", func(m proxy.Minute) int { return m.HTTP3xx }},
	{"HTTPCode_Target_4XX_Count", func(m proxy.Minute) int { return m.HTTP4xx }},
	{"HTTPCode_Target_5XX_Count", func(m proxy.Minute) int { return m.HTTP5xx }},
	{"TargetConnectionErrorCount", func(m proxy.Minute) int { return m.ConnectionErrors }},
}

func newWatching() watching {
	return watching{series: map[string]*series{}, balancers: map[string]string{}}
}

// copy copies everything that is changed in place.
func (w *watching) copy() watching {
	next := *w
	next.series, next.balancers = map[string]*series{}, maps.Clone(w.balancers)
	for key, s := range w.series {
		s = clone(s)
		s.points = slices.Clone(s.points)
		next.series[key] = s
	}
	next.alarms = nil
	for _, a := range w.alarms {
		a = clone(a)
		a.tags = slices.Clone(a.tags)
		next.alarms = append(next.alarms, a)
	}
	return next
}

// everyMinute is how often things happen that CloudWatch does each minute. The
// bound is for worlds that run so fast that they would do nothing else.
func (c *Cloud) everyMinute() time.Duration {
	return max(c.scaled(time.Minute), time.Duration(c.config.TimeScale*float64(100*time.Millisecond)))
}

// stepWatching has the load balancers report, and evaluates the alarms.
func (c *Cloud) stepWatching(now time.Time) {
	c.reportMetrics(now)
	c.publishMetrics(now)
	if minute := now.Truncate(c.everyMinute()); minute.After(c.watching.evaluated) {
		c.watching.evaluated = minute
		c.evaluateAlarms(now)
	}
}

// reportMetrics writes down what the load balancers have counted since they
// last reported. Times are real, so that in a fast world a minute is reported
// many times, each time with what it has so far.
func (c *Cloud) reportMetrics(now time.Time) {
	w := &c.watching
	until := now.Truncate(c.everyMinute())
	if !until.After(w.reported) {
		return
	}
	lag := cmp.Or(c.config.MetricsLag, defaultLag)
	r := report{readable: until.Add(c.scaled(max(lag, 0)))}
	minute := until.Add(-1).Truncate(time.Minute) // the one that ends now, if one does
	for _, g := range c.groups {
		balancers := c.balancersOf(*g.TargetGroupArn)
		if len(balancers) > 0 {
			w.balancers[*g.TargetGroupArn] = balancers[0]
		}
		balancer, known := w.balancers[*g.TargetGroupArn]
		if !known {
			continue
		}
		dimensions := []types.Dimension{
			{Name: ptr("TargetGroup"), Value: ptr(resourceName(*g.TargetGroupArn))},
			{Name: ptr("LoadBalancer"), Value: ptr(resourceName(balancer))},
		}
		add := func(name string, unit types.StandardUnit, p watch.Point, adds bool) {
			r.points = append(r.points, reported{
				types.Metric{Namespace: ptr(balancerNamespace), MetricName: &name, Dimensions: dimensions}, unit, p, adds,
			})
		}
		for _, m := range g.proxy.MetricsSince(w.reported.Truncate(time.Minute)) {
			if m.Start.After(minute) {
				continue
			}
			for _, counter := range counters {
				if n := counter.of(m); n > 0 {
					add(counter.name, types.StandardUnitCount, watch.PointOf(m.Start, 1, float64(n)), false)
				}
			}
			if t := m.ResponseTime; t.Count > 0 {
				add("TargetResponseTime", types.StandardUnitSeconds, responseTimes(m.Start, t), false)
			}
		}
		if len(balancers) > 0 {
			healthy, unhealthy := countHosts(g.proxy)
			add("HealthyHostCount", types.StandardUnitCount, watch.PointOf(minute, healthy, 1), true)
			add("UnHealthyHostCount", types.StandardUnitCount, watch.PointOf(minute, unhealthy, 1), true)
		}
	}
	w.reported = until
	w.reports = append(w.reports, r)
}

func responseTimes(at time.Time, t proxy.Samples) watch.Point {
	p := watch.Point{At: at, Sum: t.Sum, Min: t.Min, Max: t.Max, Count: float64(t.Count)}
	for _, v := range t.Values {
		p.Samples = append(p.Samples, watch.Sample{Value: v, Weight: p.Count / float64(len(t.Values))})
	}
	return p
}

func countHosts(g *proxy.Group) (healthy, unhealthy float64) {
	for _, h := range g.Health() {
		switch h.State {
		case "healthy":
			healthy++
		case "unhealthy":
			unhealthy++
		}
	}
	return healthy, unhealthy
}

// publishMetrics makes readable what is due.
func (c *Cloud) publishMetrics(now time.Time) {
	w := &c.watching
	for len(w.reports) > 0 && !w.reports[0].readable.After(now) {
		for _, p := range w.reports[0].points {
			s := w.find(p.metric, p.unit)
			s.put(p.point, p.adds)
			s.forget(now.Add(-balancerMinutes))
		}
		w.reports = w.reports[1:]
	}
}

// find gives the series of a metric in a unit, a new one if there is none.
func (w *watching) find(m types.Metric, unit types.StandardUnit) *series {
	key := metricKey(&m) + "|" + string(unit)
	s := w.series[key]
	if s == nil {
		s = &series{metric: m, unit: unit}
		w.series[key] = s
	}
	return s
}

// metricKey tells metrics apart: dimensions may come in any order.
func metricKey(m *types.Metric) string {
	var dimensions []string
	for _, d := range m.Dimensions {
		dimensions = append(dimensions, value(d.Name)+"="+value(d.Value))
	}
	slices.Sort(dimensions)
	return value(m.Namespace) + "|" + value(m.MetricName) + "|" + strings.Join(dimensions, "|")
}

// put adds a point, or takes it in place of the one of that minute.
func (s *series) put(p watch.Point, adds bool) {
	i, found := slices.BinarySearchFunc(s.points, p.At, func(p watch.Point, at time.Time) int { return p.At.Compare(at) })
	switch {
	case !found:
		s.points = slices.Insert(s.points, i, p)
	case adds:
		s.points[i] = s.points[i].Merge(p)
	default:
		s.points[i] = p
	}
}

// forget drops points from before a time.
func (s *series) forget(before time.Time) {
	n := 0
	for n < len(s.points) && s.points[n].At.Before(before) {
		n++
	}
	s.points = s.points[n:]
}

// seriesOf finds the series of a metric, of all its units unless one is given.
// Those of a load balancer as a whole are those of its target groups.
func (c *Cloud) seriesOf(m *types.Metric, unit types.StandardUnit) []*series {
	var found []*series
	key := metricKey(m)
	for _, s := range c.watching.series {
		whole := s.wholeBalancer()
		if (metricKey(&s.metric) == key || whole != nil && metricKey(whole) == key) && (unit == "" || unit == s.unit) {
			found = append(found, s)
		}
	}
	return found
}

// pointsOf gives the points of a metric in no order.
func (c *Cloud) pointsOf(m *types.Metric, unit types.StandardUnit) []watch.Point {
	var points []watch.Point
	for _, s := range c.seriesOf(m, unit) {
		points = append(points, s.points...)
	}
	return points
}

// wholeBalancer is the metric of the load balancer to which that of a target
// group adds, nil for other metrics. Hosts are counted by target group only.
func (s *series) wholeBalancer() *types.Metric {
	if *s.metric.Namespace != balancerNamespace || strings.HasSuffix(*s.metric.MetricName, "HostCount") {
		return nil
	}
	return &types.Metric{Namespace: s.metric.Namespace, MetricName: s.metric.MetricName, Dimensions: s.metric.Dimensions[1:]}
}
