// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// HCL returns the resource block of a configuration. Applied in place of the one it
// was made of, it changes nothing, if it has the values of environment variables.
func HCL(s endpoint.Spec, values bool) []byte {
	file := hclwrite.NewEmptyFile()
	block := file.Body().AppendNewBlock("resource", []string{"ionroller_endpoint", label(s.Name)})
	for _, a := range arguments(s, values) {
		block.Body().SetAttributeValue(a.name, a.value)
	}
	return hclwrite.Format(file.Bytes())
}

// notInLabels are the characters that a resource's label cannot have.
var notInLabels = regexp.MustCompile(`[^A-Za-z0-9_-]`)

func label(name string) string {
	label := notInLabels.ReplaceAllString(name, "_")
	if label != "" && label[0] >= '0' && label[0] <= '9' {
		label = "_" + label
	}
	return label
}

// JSON returns the arguments of a configuration by their names.
func JSON(s endpoint.Spec, values bool) (json.RawMessage, error) {
	members := map[string]cty.Value{}
	for _, a := range arguments(s, values) {
		members[a.name] = a.value
	}
	text, err := ctyjson.SimpleJSONValue{Value: cty.ObjectVal(members)}.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("writing the configuration of %s: %w", s.Name, err)
	}
	return text, nil
}
