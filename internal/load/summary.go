// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package load

// Summary counts results. A failed request counts for no version.
type Summary struct {
	Requests int
	Failed   int
	Versions map[string]int // answers by X-Version
	Failures map[string]int // failed requests by Result.Failure
}

// Summarize counts.
func Summarize(results []Result) Summary {
	s := Summary{Versions: map[string]int{}, Failures: map[string]int{}}
	for _, r := range results {
		s.Requests++
		if why := r.Failure(); why != "" {
			s.Failed++
			s.Failures[why]++
			continue
		}
		s.Versions[r.Version]++
	}
	return s
}

// Share is the version's part of all answers, 0 to 1.
func (s Summary) Share(version string) float64 {
	answered := s.Requests - s.Failed
	if answered == 0 {
		return 0
	}
	return float64(s.Versions[version]) / float64(answered)
}
