// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// versionInfo says which program this is.
type versionInfo struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(version string) *cobra.Command {
	var form output
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Prints the version; with -o json also that of Go it was built with, and the platform.",
		Example: "  ionroller version -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if form.json() {
				return printJSON(cmd.OutOrStdout(), versionInfo{version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "ionroller %s\n", version)
			return err
		},
	}
	form.flags(cmd, formText, formJSON)
	return cmd
}
