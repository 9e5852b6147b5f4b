// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Command pages writes a page for each command of ionroller, as the Terraform registry
// shows guides, into the folder that it is given. make generate runs it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/ionroller/terraform-provider-ionroller/internal/command"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pages FOLDER")
		os.Exit(2)
	}
	for name, text := range pages(command.New("")) {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "pages:", err)
			os.Exit(1)
		}
	}
}
