// Package regulations holds the regulation files that come with the program and
// the JSON Schema to which every regulation file, also an operator's, is held.
package regulations

import "embed"

// Files are the regulations, one YAML file each.
//
//go:embed *.yaml
var Files embed.FS

// Schema is the JSON Schema (draft 2020-12) of a regulation file.
//
//go:embed regulation.schema.json
var Schema []byte
