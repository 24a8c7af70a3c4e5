package main

import (
	_ "embed"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"
)

// manCmd is `fipsim man`.
type manCmd struct{}

// Run prints the manual page, made of the command line as it is defined.
func (manCmd) Run(a *app, k *kong.Context) error {
	t, err := template.New("man").Funcs(template.FuncMap{"roff": roff}).Parse(manPage)
	if err != nil {
		return err
	}
	return t.Execute(a.stdout, struct {
		Version, Help string
		Verbs         []manual
	}{buildVersion(), k.Model.Help, manuals(k.Model.Node, "fipsim")})
}

//go:embed man.tmpl
var manPage string

// A manual is what the page says of one verb.
type manual struct {
	Words, Help string
	Args        []described // what it takes, in order
	Flags       []described
}

// A described thing is an argument or a flag, and the name of its value.
type described struct{ Name, Value, Help string }

// manuals are those of all verbs below n that do something, in the order of --help.
func manuals(n *kong.Node, words string) []manual {
	var all []manual
	for _, child := range n.Children {
		if child.Hidden {
			continue
		}
		m := manual{Words: words + " " + child.Name, Help: child.Help}
		for _, p := range child.Positional {
			m.Args = append(m.Args, described{Name: strings.Trim(p.Summary(), "[]"), Help: p.Help})
		}
		for _, f := range child.Flags {
			if f.Hidden || f.Name == "help" {
				continue
			}
			d := described{Name: f.Name, Help: f.Help}
			if !f.IsBool() {
				d.Value = strings.Trim(f.FormatPlaceHolder(), `"`)
			}
			m.Flags = append(m.Flags, d)
		}
		if len(child.Children) == 0 {
			all = append(all, m)
		}
		all = append(all, manuals(child, m.Words)...)
	}
	return all
}

// roff is a text as man(7) takes it: nothing in it is a request or an escape, and a
// hyphen is the one that can be copied into a shell.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + text
	}
	return text
}
