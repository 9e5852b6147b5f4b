// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

// records guard against what S3's conditional writes do.
var records = []Guard{
	{
		Name:    "record-made-once",
		Against: "two runs make the first record of an endpoint",
		File:    "internal/journal/object.go",
		Old: `		in.IfNoneMatch = aws.String("*")
`,
		New:     ``,
		Package: "internal/journal", Test: "TestOneOfManyGetsTheLease",
	},
	{
		Name:    "record-replaced-by-version",
		Against: "a run that was thought dead writes over what another wrote",
		File:    "internal/journal/object.go",
		Old: `		in.IfMatch = &etag
`,
		New:     ``,
		Package: "internal/journal", Test: "TestDeadHolder",
	},
	{
		Name:    "writes-end",
		Against: "a network that swallows a write holds an interrupted run for as long as it likes",
		File:    "internal/journal/session.go",
		Old:     `return context.WithTimeout(ctx, Length-Margin)`,
		New:     `return context.WithCancel(ctx)`,
		Package: "internal/journal", Test: "TestWritesEnd",
	},
	{
		Name:    "refused-with-412",
		Against: "a write that came second is refused with 412, also when the first was its own",
		File:    "internal/journal/object.go",
		Old:     `"PreconditionFailed": true, `,
		New:     ``,
		Package: "internal/journal", Test: "TestAnswerLostAndRetried",
	},
	{
		Name:    "refused-with-409",
		Against: "of two writes at the same time one is refused with 409, or both",
		File:    "internal/journal/object.go",
		Old:     `"ConditionalRequestConflict": true, `,
		New:     ``,
		Package: "internal/journal", Test: "TestConflictIsTriedAgain/records",
	},
	{
		Name:    "event-refused-with-409",
		Against: "of two writes at the same time one is refused with 409, or both",
		File:    "internal/journal/trail.go",
		Old:     `case "ConditionalRequestConflict":`,
		New:     `case "none":`,
		Package: "internal/journal", Test: "TestConflictIsTriedAgain/trail",
	},
	{
		Name:    "refused-with-404",
		Against: "a write in place of what was removed is refused with 404",
		File:    "internal/journal/object.go",
		Old:     `, "NoSuchKey": true`,
		New:     ``,
		Package: "internal/journal", Test: "TestRecordRemovedByHand",
	},
	{
		Name:    "refused-because-of-itself",
		Against: "a write whose answer was lost is sent again, and refused because of itself",
		File:    "internal/journal/object.go",
		Old:     `case now != nil && now.record.Nonce == r.Nonce:`,
		New:     `case false:`,
		Package: "internal/journal", Test: "TestFirstAnswerLostAndRetried",
	},
	{
		Name:    "event-that-is-another",
		Against: "what is there already may be another event",
		File:    "internal/journal/trail.go",
		Old:     `err != nil || there.Hash() != e.Hash()`,
		New:     `err != nil`,
		Package: "internal/journal", Test: "TestTamperedTrail",
	},
	{
		Name:    "event-that-is-there",
		Against: "a run died between an event and the next record",
		File:    "internal/journal/trail.go",
		Old:     `case "PreconditionFailed":`,
		New:     `case "none":`,
		Package: "internal/journal", Test: "TestOutboxOfADeadHolder",
	},
	{
		Name:    "holder-that-is-alive",
		Against: "clocks differ: a lease ends by S3's own clock",
		File:    "internal/journal/lease.go",
		Old:     `v.age >= Length+rounding {`,
		New:     `v.age >= 0 {`,
		Package: "internal/journal", Test: "TestLivingHolder",
	},
	{
		Name:    "work-within-the-lease",
		Against: "a call that takes long ends after another run has the lease",
		File:    "internal/journal/session.go",
		Old:     `Length-Margin-s.silent()`,
		New:     `Length-s.silent()`,
		Package: "internal/journal", Test: "TestWithin",
	},
	{
		Name:    "denied-is-not-absent",
		Against: "S3 answers 403, and not 404, to those who may not list",
		File:    "internal/journal/object.go",
		Old:     "	if code(err) == \"NoSuchKey\" {\n		return nil, nil",
		New:     "	if code(err) != \"\" {\n		return nil, nil",
		Package: "internal/journal", Test: "TestDeniedIsNotAbsent",
	},
	{
		Name:    "bucket-in-another-region",
		Against: "Elastic Beanstalk takes bundles only from a bucket of its own Region",
		File:    "internal/journal/journal.go",
		Old:     `	case region == "" || region == wanted:`,
		New:     `	case true:`,
		Package: "internal/journal", Test: "TestCheck/acme-elsewhere",
	},
}
