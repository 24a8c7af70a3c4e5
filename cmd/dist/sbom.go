package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
)

// bom is a list of parts in CycloneDX 1.6 (ECMA-424): what of its JSON form we use.
type bom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Timestamp string    `json:"timestamp,omitempty"`
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"` // package-url.org, type golang
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// sbom lists the modules that are in a binary, from what Go wrote into it, and the
// binary's own hash.
func sbom(info *buildinfo.BuildInfo, binary []byte) ([]byte, error) {
	main, err := componentOf(&info.Main, "application")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(binary)
	main.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum[:])}}
	doc := bom{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{Component: main}}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			doc.Metadata.Timestamp = s.Value
		}
		doc.Metadata.Component.Properties = append(doc.Metadata.Component.Properties, property{"go:build:" + s.Key, s.Value})
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c, err := componentOf(m, "library")
		if err != nil {
			return nil, err
		}
		doc.Components = append(doc.Components, c)
	}
	version := strings.TrimPrefix(info.GoVersion, "go")
	doc.Components = append(doc.Components, component{
		Type: "library", Ref: "pkg:golang/std@" + version, Name: "std", Version: version, PURL: "pkg:golang/std@" + version,
	})
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err = e.Encode(doc)
	return out.Bytes(), err
}

// componentOf is a module; its h1 sum is the SHA-256 of dirhash.Hash1, not of a file, so
// it is a property.
func componentOf(m *debug.Module, kind string) (component, error) {
	purl := "pkg:golang/" + m.Path + "@" + strings.ReplaceAll(m.Version, "+", "%2B")
	c := component{Type: kind, Ref: purl, Name: m.Path, Version: m.Version, PURL: purl}
	if m.Sum == "" {
		return c, nil
	}
	if _, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err != nil {
		return c, fmt.Errorf("the sum of %s: %w", m.Path, err)
	}
	c.Properties = []property{{"go:sum", m.Sum}}
	return c, nil
}
