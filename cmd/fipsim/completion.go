package main

import (
	"embed"
	"slices"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"
)

// completionCmd is `fipsim completion`.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script that completes verbs, flags and their values, made of the command
// line as it is defined. It runs nothing of ours when a key is pressed.
func (c *completionCmd) Run(a *app, k *kong.Context) error {
	t, err := template.New("").Funcs(template.FuncMap{
		"join": strings.Join, "single": singleQuoted, "brackets": zshEscaped.Replace,
	}).ParseFS(completionScripts, "completion/*")
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(a.stdout, c.Shell+".tmpl", verbsOf(k.Model.Node, nil))
}

//go:embed completion
var completionScripts embed.FS

// A verb is a command as a shell sees it.
type verb struct {
	Words []string // empty: fipsim itself
	Help  string
	Subs  []verb // commands below it
	Flags []completedFlag
	Files bool     // its arguments are files
	Args  []string // or one of these
}

// A completedFlag is one flag of a verb.
type completedFlag struct {
	Name, Help string
	Value      bool     // takes one
	File, Dir  bool     // and it is one
	Enum       []string // or one of these
}

// Path is the verb in one word, for a table: "pcap/show".
func (v verb) Path() string { return strings.Join(v.Words, "/") }

// Name is its last word.
func (v verb) Name() string { return v.Words[len(v.Words)-1] }

// verbsOf returns n and all commands below it, n first.
func verbsOf(n *kong.Node, words []string) []verb {
	v := verb{Words: words, Help: firstSentence(n.Help)}
	for _, f := range n.Flags {
		if !f.Hidden {
			v.Flags = append(v.Flags, completed(f))
		}
	}
	for _, p := range n.Positional {
		if p.Enum != "" {
			v.Args = append(v.Args, p.EnumSlice()...)
		}
		v.Files = v.Files || strings.Contains(strings.ToLower(p.Help), "capture") // the only files that are no flag's
	}
	all := []verb{v}
	for _, child := range n.Children {
		if child.Hidden {
			continue
		}
		below := verbsOf(child, append(slices.Clone(words), child.Name))
		all[0].Subs = append(all[0].Subs, below[0])
		all = append(all, below...)
	}
	if n.Parent == nil {
		help := completedFlag{Name: "help", Help: "Show help."}
		for i := range all {
			if !slices.ContainsFunc(all[i].Flags, func(f completedFlag) bool { return f.Name == "help" }) {
				all[i].Flags = append(all[i].Flags, help)
			}
		}
	}
	return all
}

// completed is a flag for the shells.
func completed(f *kong.Flag) completedFlag {
	c := completedFlag{Name: f.Name, Help: firstSentence(f.Help), Value: !f.IsBool()}
	if f.Enum != "" {
		c.Enum = f.EnumSlice()
	}
	c.File = strings.Contains(f.PlaceHolder, "FILE")
	c.Dir = f.PlaceHolder == "DIR"
	return c
}

// firstSentence is what fits into a menu.
func firstSentence(help string) string {
	text, _, _ := strings.Cut(help, ". ")
	text, _, _ = strings.Cut(text, ": ")
	return strings.TrimSuffix(text, ".")
}

// singleQuoted is s as a word of fish, in single quotes.
func singleQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// zshEscaped is for a description within _arguments, within single quotes.
var zshEscaped = strings.NewReplacer(`'`, `'\''`, `[`, `\[`, `]`, `\]`, `:`, `\:`, "`", "")
