// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// eventsData is the data source ionroller_events.
type eventsData struct{ looker }

var _ datasource.DataSourceWithConfigure = (*eventsData)(nil)

func newEventsData() datasource.DataSource { return &eventsData{} }

type eventsModel struct {
	Endpoint types.String `tfsdk:"endpoint"`
	Since    types.String `tfsdk:"since"`
	Until    types.String `tfsdk:"until"`
	Types    types.Set    `tfsdk:"types"`
	Version  types.String `tfsdk:"version"`
	Last     types.Int64  `tfsdk:"last"`
	Events   []eventModel `tfsdk:"events"`
}

type eventModel struct {
	Sequence int64             `tfsdk:"sequence"`
	Time     types.String      `tfsdk:"time"`
	Type     string            `tfsdk:"type"`
	Version  types.String      `tfsdk:"version"`
	Message  string            `tfsdk:"message"`
	Data     map[string]string `tfsdk:"data"`
	Caller   string            `tfsdk:"caller"`
	Host     string            `tfsdk:"host"`
	Run      string            `tfsdk:"run"`
}

// Metadata names the data source.
func (d *eventsData) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_events"
}

// Schema describes it.
func (d *eventsData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	when := func(description string) schema.Attribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The trail of an endpoint: what happened, when, and who did it; of one that was removed too.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{Required: true, MarkdownDescription: "Name of the endpoint."},
			"since":    when("Only from this time on (RFC 3339), as `2026-03-01T00:00:00Z`. From the beginning by default."),
			"until":    when("Only up to this time (RFC 3339). Up to now by default."),
			"types":    schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Only events of these types, as `TrafficMoved`. All by default."},
			"version":  schema.StringAttribute{Optional: true, MarkdownDescription: "Only events about this version. All by default."},
			"last": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.AtLeast(1)},
				MarkdownDescription: "Number of events at most, the newest of those that the other arguments pick. All by default.",
			},
			"events": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The events, the oldest first.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"sequence": schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of the event, from 1 on."},
					"time":     shownString("When it happened (RFC 3339, UTC)."),
					"type":     shownString("What kind of thing happened, as `RolloutFinished`."),
					"version":  shownString("The version that it is about; null where it is about none."),
					"message":  shownString("What happened, in words."),
					"data":     schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "What happened, for programs."},
					"caller":   shownString("ARN of the AWS principal that did it."),
					"host":     shownString("Name of the machine that did it."),
					"run":      shownString("What ran, as `terraform`."),
				}},
			},
		},
	}
}

// Configure takes the loop that the provider made.
func (d *eventsData) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.use(req.ProviderData)
}

// Read reads the trail.
func (d *eventsData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m eventsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	var bounds [2]time.Time
	for i, v := range []struct {
		name string
		text types.String
	}{{"since", m.Since}, {"until", m.Until}} {
		if v.text.IsNull() {
			continue
		}
		t, err := time.Parse(time.RFC3339, v.text.ValueString())
		if err != nil {
			resp.Diagnostics.AddAttributeError(path.Root(v.name), "Invalid "+v.name, v.name+": it is a time as 2026-03-01T00:00:00Z.")
		}
		bounds[i] = t
	}
	if resp.Diagnostics.HasError() || !d.configured(&resp.Diagnostics, "ionroller_events") {
		return
	}
	kinds := (&reader{ctx: ctx}).set(m.Types)
	name := m.Endpoint.ValueString()
	m.Events = []eventModel{}
	after, err := d.roller.Journal.Before(ctx, name, bounds[0])
	if err != nil {
		addError(&resp.Diagnostics, "read the trail of", name, err)
		return
	}
	for {
		events, err := d.roller.Journal.Events(ctx, name, after)
		if err != nil {
			addError(&resp.Diagnostics, "read the trail of", name, err)
			return
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			after = e.Sequence
			if m.picks(e, bounds[0], bounds[1], kinds) {
				m.Events = append(m.Events, eventOf(e))
			}
		}
	}
	if n := m.Last.ValueInt64(); !m.Last.IsNull() && int64(len(m.Events)) > n {
		m.Events = m.Events[int64(len(m.Events))-n:]
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// picks says that an event is one that is asked for.
func (m eventsModel) picks(e endpoint.Event, since, until time.Time, kinds []string) bool {
	switch {
	case e.Time.Before(since), !until.IsZero() && e.Time.After(until):
		return false
	case len(kinds) > 0 && !slices.Contains(kinds, string(e.Type)):
		return false
	default:
		return m.Version.IsNull() || m.Version.ValueString() == e.Version
	}
}

func eventOf(e endpoint.Event) eventModel {
	return eventModel{
		Sequence: e.Sequence, Time: timestamp(e.Time), Type: string(e.Type), Version: optional(e.Version), Message: e.Message,
		Data: e.Data, Caller: e.Who.Caller, Host: e.Who.Host, Run: e.Who.Run,
	}
}
