// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package objects is S3 in memory: buckets and their objects behind S3's REST
// protocol with path-style addresses, with its conditional writes, multipart
// uploads, checksums, listings and errors.
//
// It has no versions, access control lists or bucket policies; requests for those are answered with NotImplemented. Signatures are
// not verified: of a request's credential scope only the Region is read. Which
// principal may do what is the caller's matter, see Operation and WriteError.
package objects
