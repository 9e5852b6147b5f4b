// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"context"
	"errors"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Endpoints returns the records of the owner's endpoints, in order of their names.
// Those that were removed are left out.
func (r *Roller) Endpoints(ctx context.Context) ([]endpoint.Record, error) {
	names, err := r.Journal.List(ctx)
	if err != nil {
		return nil, err
	}
	var records []endpoint.Record
	for _, name := range names {
		record, err := r.Journal.Read(ctx, name)
		var other *OtherOwner
		switch {
		case errors.As(err, &other):
		case err != nil:
			return nil, err
		case record != nil && record.Phase != endpoint.Deleted:
			records = append(records, *record)
		}
	}
	return records, nil
}
