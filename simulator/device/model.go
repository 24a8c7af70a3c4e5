package device

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed models.yaml
var modelsYAML []byte

// models is models.yaml: a model's name and its highest account index.
var models = sync.OnceValue(func() map[string]int {
	var table map[string]int
	if err := yaml.UnmarshalWithOptions(modelsYAML, &table, yaml.Strict()); err != nil {
		panic("device: the embedded models.yaml is broken: " + err.Error())
	}
	return table
})

// Accounts returns the highest account index of a model: 8 for a FIP14G. Case does
// not matter. It returns false for a model that the guide does not list.
func Accounts(model string) (int, bool) {
	n, ok := models()[strings.ToUpper(model)]
	return n, ok
}

// Models returns the names of the models that the guide lists, sorted.
func Models() []string { return slices.Sorted(maps.Keys(models())) }
