package report_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/steps/report"
)

// What JSON writes is what docs/report.schema.json says.
func TestSchema(t *testing.T) {
	schema := readSchema(t)
	for name, run := range map[string]*report.Run{
		"failing": failing(), "passing": passing(), "hostile": hostile(), "empty": {},
	} {
		var doc any
		if err := json.Unmarshal([]byte(write(t, "json", run)), &doc); err != nil {
			t.Fatal(err)
		}
		for _, fault := range schema.check("$", schema.root, doc) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

// The schema is not one that takes anything.
func TestSchemaRefuses(t *testing.T) {
	schema := readSchema(t)
	for change, want := range map[string]string{
		`"version": 1`:              "version: 2 is not 1",
		`"word": "fails"`:           "verdict.word: perhaps is none of",
		`"status": "fail"`:          "status: 7 is none of",
		`"seed": 42`:                "seed: want integer",
		`"strict": false`:           "strict: missing",
		`"held": [`:                 "verdict.hold: unknown",
		`"phone": "0021f2e00001"`:   `phone: "zz" does not match`,
		`"expires": "2026-04-01"`:   "expires: no date",
		`"line": 3`:                 "line: less than 0",
		`"at": "2026-03-01T14:29:3`: "at: no date-time",
	} {
		to := map[string]string{
			`"version": 1`: `"version": 2`, `"word": "fails"`: `"word": "perhaps"`, `"status": "fail"`: `"status": 7`, `"seed": 42`: `"seed": 4.2`,
			`"strict": false`: `"selected": ""`, `"held": [`: `"hold": [`, `"phone": "0021f2e00001"`: `"phone": "zz"`,
			`"expires": "2026-04-01"`: `"expires": "soon"`, `"line": 3`: `"line": -3`, `"at": "2026-03-01T14:29:3`: `"at": "noon`,
		}[change]
		text := strings.Replace(write(t, "json", failing()), change, to, 1)
		var doc any
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatalf("%s: %v", change, err)
		}
		if faults := strings.Join(schema.check("$", schema.root, doc), "\n"); !strings.Contains(faults, want) {
			t.Errorf("%s: want %q, got %q", change, want, faults)
		}
	}
}

// jsonSchema checks documents against the keywords of JSON Schema that ours uses.
type jsonSchema struct{ root, defs map[string]any }

func readSchema(t *testing.T) jsonSchema {
	t.Helper()
	body, err := os.ReadFile("../../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(body, &root); err != nil {
		t.Fatal(err)
	}
	return jsonSchema{root, root["$defs"].(map[string]any)}
}

func (s jsonSchema) check(place string, schema map[string]any, value any) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, place+": "+fmt.Sprintf(format, args...)) }
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		want := schema[keyword]
		switch keyword {
		case "$schema", "$id", "$defs", "title", "description", "properties":
		case "$ref":
			faults = append(faults, s.check(place, s.defs[strings.TrimPrefix(want.(string), "#/$defs/")].(map[string]any), value)...)
		case "type":
			if !isType(want.(string), value) {
				fault("want %s", want)
			}
		case "const":
			if !reflect.DeepEqual(want, value) {
				fault("%v is not %v", value, want)
			}
		case "enum":
			if !slices.ContainsFunc(want.([]any), func(one any) bool { return reflect.DeepEqual(one, value) }) {
				fault("%v is none of %v", value, want)
			}
		case "minimum":
			if n, ok := value.(float64); ok && n < want.(float64) {
				fault("less than %v", want)
			}
		case "pattern":
			if text, ok := value.(string); ok && !regexp.MustCompile(want.(string)).MatchString(text) {
				fault("%q does not match", text)
			}
		case "format":
			layout := map[string]string{"date-time": time.RFC3339Nano, "date": time.DateOnly}[want.(string)]
			if _, err := time.Parse(layout, fmt.Sprint(value)); err != nil {
				fault("no %s", want)
			}
		case "items":
			for i, item := range value.([]any) {
				faults = append(faults, s.check(fmt.Sprintf("%s[%d]", place, i), want.(map[string]any), item)...)
			}
		case "required", "additionalProperties":
			faults = append(faults, s.checkNames(place, keyword, schema, value)...)
		default:
			fault("the test knows no keyword %s", keyword)
		}
	}
	if object, ok := value.(map[string]any); ok {
		properties, _ := schema["properties"].(map[string]any)
		for name, property := range properties {
			if member, ok := object[name]; ok {
				faults = append(faults, s.check(place+"."+name, property.(map[string]any), member)...)
			}
		}
	}
	return faults
}

func (s jsonSchema) checkNames(place, keyword string, schema map[string]any, value any) []string {
	object, ok := value.(map[string]any)
	if !ok {
		return []string{place + ": no object"}
	}
	var faults []string
	if keyword == "required" {
		for _, name := range schema["required"].([]any) {
			if _, ok := object[name.(string)]; !ok {
				faults = append(faults, fmt.Sprintf("%s.%s: missing", place, name))
			}
		}
		return faults
	}
	for name := range object {
		if _, ok := schema["properties"].(map[string]any)[name]; !ok {
			faults = append(faults, fmt.Sprintf("%s.%s: unknown", place, name))
		}
	}
	return faults
}

func isType(name string, value any) bool {
	switch v := value.(type) {
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	}
	return false
}
