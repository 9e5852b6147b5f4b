// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files is a configuration, by the files' names. Guillemets hold the version that is
// to be found.
type files map[string]string

func (f files) write(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range f {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.NewReplacer("«", "", "»", "").Replace(text)), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// edited is the text with the marked version in place of the one that was there.
func edited(text, version string) string {
	before, rest, marked := strings.Cut(text, "«")
	if !marked {
		return text
	}
	_, after, _ := strings.Cut(rest, "»")
	return before + version + after
}

const byVariable = `resource "ionroller_endpoint" "checkout" {
  name    = "checkout"
  version = var.release_version
}

variable "release_version" {
  type = string
}
`

const byMap = `variable "versions" {
  type = map(string)
}

resource "ionroller_endpoint" "all" {
  for_each = var.versions
  name     = each.key
  version  = each.value
}
`

// What is plain is found, and changed without another byte.
func TestPlain(t *testing.T) {
	for name, c := range map[string]struct {
		files    files
		varFiles []string
		environ  []string
		tofu     bool
	}{
		"literal": {files: files{"main.tf": `# The shop.
resource "ionroller_endpoint"   "checkout"   {
name="checkout"   # not the version
    version     =    "«1.0.0»"  // bumped by pull request
  /* nothing = "1.0.0" */
  container = { image = "acme/checkout",
      environment = { NOTE = <<-EOT
          version = "1.0.0"
        EOT
      } }
}
resource "ionroller_endpoint" "basket" {
  name    = "basket"
  version = "1.0.0"
}
`}},
		"CRLF, a byte order mark, tabs and no newline at the end": {files: files{"main.tf": "\ufeffresource \"ionroller_endpoint\" \"checkout\" {\r\n\tname\t= \"checkout\"\r\n\tversion\t= \"«1.0.0»\"\t\r\n}"}},
		"one line":                   {files: files{"main.tf": `resource "ionroller_endpoint" "checkout" { version = "«1.0.0»" }`, "name_override.tf": `resource "ionroller_endpoint" "checkout" { name = "checkout" }`}},
		"an empty version":           {files: files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = \"«»\"\n}\n"}},
		"in parentheses":             {files: files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = (\n \"«1.0.0»\" )\n}\n"}},
		"overridden":                 {files: files{"main.tf": byVariable, "override.tf": "resource \"ionroller_endpoint\" \"checkout\" {\n  version = \"«1.0.0»\"\n}\n"}},
		"another's name":             {files: files{"main.tf": "resource \"ionroller_endpoint\" \"checkout\" {\n  name = \"basket\"\n  version = \"1.0.0\"\n}\nresource \"ionroller_endpoint\" \"basket\" {\n  name = \"checkout\"\n  version = \"«1.0.0»\"\n}\n"}},
		"terraform.tfvars":           {files: files{"main.tf": byVariable, "terraform.tfvars": "region = \"eu-west-1\"\n\nrelease_version   = \"«1.0.0»\" # the one\nother = \"1.0.0\"\n"}},
		"auto.tfvars":                {files: files{"main.tf": byVariable, "z.auto.tfvars": "release_version=\"«1.0.0»\"", "terraform.tfvars": "region = \"eu-west-1\"\n"}},
		"terraform.tfvars.json":      {files: files{"main.tf": byVariable, "terraform.tfvars.json": "{\n\t\"region\" :\"eu-west-1\",\n\n\t\"release_version\" :   \"«1.0.0»\"  ,\n\t\"other\": \"\\u0031.0.0\"\n}\n"}},
		"auto.tfvars.json":           {files: files{"main.tf": byVariable, "release.auto.tfvars.json": `{"release_version":"«1.0.0»"}`}},
		"JSON with escapes":          {files: files{"main.tf": byVariable, "release.auto.tfvars.json": `{"release_version":"«\u0031.0.0»"}`}},
		"var-file":                   {files: files{"main.tf": byVariable, "prod.tfvars": "release_version = \"«1.0.0»\"\n"}, varFiles: []string{"prod.tfvars"}},
		"var-file in another folder": {files: files{"main.tf": byVariable, "env/prod.tfvars.json": `{"release_version": "«1.0.0»"}`}, varFiles: []string{"env/prod.tfvars.json"}},
		"a file counts more than the environment": {
			files:   files{"main.tf": byVariable, "terraform.tfvars": "release_version = \"«1.0.0»\"\n"},
			environ: []string{"TF_VAR_release_version=0.9.0"},
		},
		"default": {files: files{"main.tf": byVariable, "release_override.tf": "variable \"release_version\" {\n  default = \"«1.0.0»\"\n}\n"}},
		"a file counts more than the default": {files: files{
			"main.tf":          strings.Replace(byVariable, "type = string", `default = "0.9.0"`, 1),
			"terraform.tfvars": "release_version = \"«1.0.0»\"\n",
		}},
		"local":                            {files: files{"main.tf": "locals {\n  v = local.w\n  w = \"«1.0.0»\"\n}\nresource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = local.v\n}\n"}},
		"an entry of a local":              {files: files{"main.tf": "locals {\n  v = { basket = \"1.0.0\", checkout : \"«1.0.0»\" }\n}\nresource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = local.v.checkout\n}\n"}},
		"a key in brackets":                {files: files{"main.tf": "locals {\n  v = { \"checkout\" = { version = \"«1.0.0»\" } }\n}\nresource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = local.v[\"checkout\"].version\n}\n"}},
		"for_each over a variable":         {files: files{"main.tf": byMap, "terraform.tfvars": "versions = {\n  basket   = \"1.0.0\"\n  checkout = \"«1.0.0»\"\n}\n"}},
		"for_each over a variable in JSON": {files: files{"main.tf": byMap, "terraform.tfvars.json": `{"versions": {"basket": "1.0.0", "checkout": "«1.0.0»"}}`}},
		"for_each over a default":          {files: files{"main.tf": strings.Replace(byMap, "type = map(string)", `default = { checkout = "«1.0.0»", basket = "1.0.0" }`, 1)}},
		"for_each over a local, other entries unknown": {files: files{"main.tf": `locals {
  services = {
    checkout = { version = "«1.0.0»", vpc = data.aws_vpc.main.id }
    basket   = { version = "1.0.0", vpc = data.aws_vpc.main.id }
  }
}
resource "ionroller_endpoint" "all" {
  for_each = local.services
  name     = each.key
  version  = each.value.version
}
`}},
		"for_each over a set, versions in a map": {files: files{"main.tf": `locals {
  versions = { checkout-prod = "«1.0.0»", basket-prod = "1.0.0" }
  stage    = "prod"
}
resource "ionroller_endpoint" "all" {
  for_each = toset(["basket", "checkout"])
  name     = each.value
  version  = local.versions["${each.key}-${local.stage}"]
}
`}},
		"a name made of variables": {files: files{
			"main.tf":          "variable \"stage\" { default = \"test\" }\nresource \"ionroller_endpoint\" \"c\" {\n  name = \"${var.service}${var.stage}\"\n  version = \"«1.0.0»\"\n}\nvariable \"service\" {}\n",
			"terraform.tfvars": "stage = \"out\"\n",
		}, environ: []string{"TF_VAR_service=check"}},
		"JSON configuration": {files: files{"main.tf.json": `{
  "resource": {"ionroller_endpoint": {"checkout": {"name": "checkout",
     "version":"«1.0.0»"}}}
}`}},
		"JSON configuration with a variable": {files: files{
			"main.tf.json":     `{"variable": {"v": {"default": {"checkout": "«1.0.0»"}}}, "resource": {"ionroller_endpoint": {"all": {"for_each": "${var.v}", "name": "${each.key}", "version": "${each.value}"}}}}`,
			"terraform.tfvars": "\n",
		}},
		"OpenTofu's own file":                 {files: files{"main.tf": strings.ReplaceAll(byVariable, "var.release_version", `"0.9.0"`), "main.tofu": strings.ReplaceAll(byVariable, "var.release_version", `"«1.0.0»"`)}, tofu: true},
		"Terraform beside OpenTofu's":         {files: files{"main.tf": strings.ReplaceAll(byVariable, "var.release_version", `"«1.0.0»"`), "main.tofu": strings.ReplaceAll(byVariable, "var.release_version", `"0.9.0"`)}},
		"editors' files are no configuration": {files: files{"main.tf": strings.ReplaceAll(byVariable, "var.release_version", `"«1.0.0»"`), ".#main.tf": "{", "main.tf~": "{", ".main.tf": "{"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := c.files.write(t)
			p, err := Find(Query{Dir: folder, VarFiles: c.varFiles, Environ: c.environ, Tofu: c.tofu}, "checkout")
			if err != nil {
				t.Fatal(err)
			}
			if p.Version != "1.0.0" && p.Version != "" {
				t.Errorf("the version there is %q", p.Version)
			}
			if err := p.Write("2.0.0-rc.1"); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, folder, c.files, "2.0.0-rc.1")
			if again, err := Find(Query{Dir: folder, VarFiles: c.varFiles, Environ: c.environ, Tofu: c.tofu}, "checkout"); err != nil || again.Version != "2.0.0-rc.1" || again.String() != p.String() {
				t.Errorf("afterwards it is %+v: %v", again, err)
			}
			if err := p.Restore("2.0.0-rc.1"); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, folder, c.files, "")
		})
	}
}

// wantFiles compares a folder with files in which the version was changed; with ""
// it was not.
func wantFiles(t *testing.T, folder string, want files, version string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		name, _ := filepath.Rel(folder, path)
		text, err := os.ReadFile(path)
		expected := strings.NewReplacer("«", "", "»", "").Replace(want[name])
		if version != "" {
			expected = edited(want[name], version)
		}
		if string(text) != expected {
			t.Errorf("%s is\n%q\nand not\n%q", name, text, expected)
		}
		if info, _ := d.Info(); info.Mode().Perm() != 0o640 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return err
	})
	if err != nil || n != len(want) {
		t.Errorf("%d files, want %d: %v", n, len(want), err)
	}
}

// What is not plain is left alone, and the error says where to look and why.
func TestNotPlain(t *testing.T) {
	manifest := `{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"shop","Source":"./shop","Dir":"shop"}]}`
	for name, c := range map[string]struct {
		files    files
		varFiles []string
		environ  []string
		at, says string
	}{
		"a function":                      {files: files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = replace(var.tag, \"v\", \"\")\n}\nvariable \"tag\" {}\n"}, at: "main.tf:3", says: "computed by replace()"},
		"a template":                      {files: files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = \"1.${var.minor}\"\n}\nvariable \"minor\" {}\n"}, at: "main.tf:3", says: "put together of parts"},
		"a heredoc":                       {files: files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = <<EOT\n1.0.0\nEOT\n}\n"}, at: "main.tf:3", says: "heredoc"},
		"a condition":                     {files: files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = true ? \"1.0.0\" : \"1.1.0\"\n}\n"}, at: "main.tf:3", says: "depends on a condition"},
		"a number":                        {files: files{"main.tf": byVariable, "terraform.tfvars": "release_version = 42\n"}, at: "terraform.tfvars:1", says: "no text in quotes"},
		"a JSON number":                   {files: files{"main.tf": byVariable, "terraform.tfvars.json": "{\n\"release_version\": 42}"}, at: "terraform.tfvars.json:2", says: "no text in quotes"},
		"a data source":                   {files: files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = data.aws_ssm_parameter.v.value\n}\n"}, at: "main.tf:3", says: "it comes from data.aws_ssm_parameter.v.value"},
		"a circle":                        {files: files{"main.tf": "locals {\n  a = local.b\n  b = local.a\n}\nresource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = local.a\n}\n"}, at: "main.tf:3", says: "refers to itself"},
		"no version":                      {files: files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n}\n"}, at: "main.tf:1", says: "has no version"},
		"no value":                        {files: files{"main.tf": byVariable}, at: "main.tf:6", says: `nothing gives variable "release_version" a value; put it into terraform.tfvars`},
		"an undeclared variable":          {files: files{"main.tf": strings.Replace(byVariable, `variable "release`, `variable "other`, 1)}, at: "main.tf:3", says: `no variable "release_version"`},
		"two files":                       {files: files{"main.tf": byVariable, "terraform.tfvars": "\nrelease_version = \"1.0.0\"\n", "a.auto.tfvars": "release_version = \"1.0.0\"\n", "b.auto.tfvars.json": `{"release_version": "1.0.0"}`}, at: "b.auto.tfvars.json:1", says: "which counts, and in DIR/terraform.tfvars:2, DIR/a.auto.tfvars:1;"},
		"two var-files":                   {files: files{"main.tf": byVariable, "a.tfvars": "release_version = \"1.0.0\"\n", "b.tfvars": "release_version = \"1.0.0\"\n"}, varFiles: []string{"b.tfvars", "a.tfvars"}, at: "a.tfvars:1", says: "which counts, and in DIR/b.tfvars:1;"},
		"the environment":                 {files: files{"main.tf": strings.Replace(byVariable, "type = string", `default = "1.0.0"`, 1)}, environ: []string{"TF_VAR_release_version=1.0.0"}, at: "main.tf:6", says: "TF_VAR_release_version"},
		"the command line by environment": {files: files{"main.tf": byVariable, "terraform.tfvars": "release_version = \"1.0.0\"\n"}, environ: []string{"TF_CLI_ARGS_plan=-no-color -var 'release_version=1.0.0'"}, at: "main.tf:6", says: "TF_CLI_ARGS_plan gives variable"},
		"files by the environment":        {files: files{"main.tf": byVariable, "terraform.tfvars": "release_version = \"1.0.0\"\n"}, environ: []string{"TF_CLI_ARGS=--var-file=x.tfvars"}, at: "main.tf:6", says: "TF_CLI_ARGS gives variable"},
		"shared by two blocks": {files: files{
			"main.tf":          byVariable + strings.ReplaceAll(strings.Split(byVariable, "\nvariable")[0], "checkout", "basket"),
			"terraform.tfvars": "release_version = \"1.0.0\"\n",
		}, at: "terraform.tfvars:1", says: "it is the version of endpoint basket too"},
		"shared by all of for_each": {files: files{
			"main.tf":          strings.Replace(strings.Replace(byMap, "each.value", "var.v", 1), "var.versions", `toset(["checkout", "basket"])`, 1) + "variable \"v\" {}\n",
			"terraform.tfvars": "v = \"1.0.0\"\n",
		}, at: "terraform.tfvars:1", says: "it is the version of endpoint basket too"},
		"shared with a block whose name is unknown": {files: files{
			"main.tf":          byVariable + "resource \"ionroller_endpoint\" \"other\" {\n  name = aws_x.y.name\n  version = var.release_version\n}\n",
			"terraform.tfvars": "release_version = \"1.0.0\"\n",
		}, at: "terraform.tfvars:1", says: "it is the version of endpoint DIR/main.tf:9 too"},
		"an unknown for_each": {files: files{"main.tf": "resource \"ionroller_endpoint\" \"all\" {\n  for_each = { for k, v in data.x.y : k => v }\n  name = each.key\n  version = each.value\n}\n"}, at: "main.tf:2", says: "only Terraform can tell the names"},
		"an unknown name":     {files: files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  version = \"1.0.0\"\n  name = aws_x.y.name\n}\n"}, at: "main.tf:3", says: "only Terraform can tell the names"},
		"two of a name":       {files: files{"main.tf": strings.Split(byVariable, "\nvariable")[0], "more.tf": strings.Replace(strings.Split(byVariable, "\nvariable")[0], `"checkout" {`, `"again" {`, 1)}, at: "main.tf:1", says: "DIR/more.tf:1 has the same name"},
		"a missing entry":     {files: files{"main.tf": "locals {\n  v = { basket = \"1.0.0\" }\n}\nresource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = local.v.checkout\n}\n"}, at: "main.tf:2", says: `it has no entry "checkout"`},
		"a computed key":      {files: files{"main.tf": "locals {\n  v = {\n    (data.x.y) = \"1.0.0\"\n  }\n}\nresource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = local.v.checkout\n}\n"}, at: "main.tf:3", says: "only Terraform can tell the key"},
		"JSON in JSON":        {files: files{"main.tf.json": `{"resource": {"ionroller_endpoint": {"checkout": {"name": "checkout", "version": "${(\"1.0.0\")}"}}}}`}, at: "main.tf.json:1", says: "put together of parts"},
		"a module": {files: files{
			"main.tf":                         "module \"shop\" {\n  source = \"./shop\"\n  service = \"checkout\"\n  tag = \"1.0.0\"\n}\n",
			"shop/main.tf":                    "resource \"ionroller_endpoint\" \"this\" {\n  name = var.service\n  version = var.tag\n}\nvariable \"service\" {}\nvariable \"tag\" {}\n",
			".terraform/modules/modules.json": manifest,
		}, at: "main.tf:4", says: `module "shop" has endpoints (DIR/shop/main.tf:1), and this is the version of one`},
		"a version inside of a module": {files: files{
			"main.tf":                         "module \"shop\" {\n  source = \"./shop\"\n}\n",
			"shop/main.tf":                    strings.Replace(strings.Split(byVariable, "\nvariable")[0], "var.release_version", `"1.0.0"`, 1),
			".terraform/modules/modules.json": manifest,
		}, at: "main.tf:1", says: `module "shop" has endpoints (DIR/shop/main.tf:1)`},
	} {
		t.Run(name, func(t *testing.T) {
			folder := c.files.write(t)
			_, err := Find(Query{Dir: folder, VarFiles: c.varFiles, Environ: c.environ}, "checkout")
			var not *NotPlain
			if !errors.As(err, &not) {
				t.Fatalf("%v", err)
			}
			text := strings.ReplaceAll(err.Error(), folder, "DIR")
			if want := "the version of endpoint checkout is not written plainly: DIR/" + c.at + ": "; !strings.HasPrefix(text, want) || !strings.Contains(text, c.says) {
				t.Errorf("it says %q, want %q and %q", text, want, c.says)
			}
		})
	}
}

func TestNotThere(t *testing.T) {
	folder := files{
		"main.tf":                         byMap + "module \"shop\" {\n  source = \"./shop\"\n  service = \"till\"\n}\n",
		"terraform.tfvars":                "versions = { basket = \"1.0.0\", account = \"1.0.0\" }\n",
		"shop/main.tf":                    "resource \"ionroller_endpoint\" \"this\" {\n  name = var.service\n}\n",
		".terraform/modules/modules.json": `{"Modules":[{"Key":"shop","Source":"./shop","Dir":"shop"}]}`,
	}.write(t)
	if _, err := Find(Query{Dir: folder}, "checkout"); err == nil || !strings.Contains(err.Error(), "has no endpoint checkout: it has account, basket") {
		t.Error(err)
	}
	if _, err := Find(Query{Dir: t.TempDir()}, "checkout"); err == nil || !strings.Contains(err.Error(), "it has none at all") {
		t.Error(err)
	}
	if _, err := Find(Query{Dir: filepath.Join(folder, "nowhere")}, "checkout"); err == nil {
		t.Error("a folder that does not exist has an endpoint")
	}
	broken := files{"main.tf": "resource {"}.write(t)
	if _, err := Find(Query{Dir: broken}, "checkout"); err == nil || !strings.Contains(err.Error(), "main.tf:1") {
		t.Errorf("of a broken file it says %v", err)
	}
}
