package faulty

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync/atomic"
)

// rendered begins the names of these faults.
const rendered = "rendered-"

// renderedFaults are about what a server writes into the files of its own phones. It
// publishes nothing of ours.
func renderedFaults() []spec {
	all := append(renderedCfgFaults(), renderedBootFaults()...)
	for i := range all {
		if all[i].protocols == "" {
			all[i].protocols = "http tftp"
		}
		all[i].clause = OtherSettings
	}
	return all
}

// rendering changes the cfg file of each phone.
func rendering(change func(r request, body string) string) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			right := next(r)
			if right.found && cfg(r.name) && macFor(r.name) {
				right.body = []byte(change(r, string(right.body)))
			}
			return right
		}
	})
}

// adding adds lines to the cfg file of each phone.
func adding(lines string) func(*behaviour) {
	return rendering(func(_ request, body string) string { return body + lines })
}

var (
	passwordLine = regexp.MustCompile(`(?m)^account\.1\.password=.*\n`)
	labelLine    = regexp.MustCompile(`(?m)^account\.1\.label=.*$`)
)

func replacing(line *regexp.Regexp, with string) func(*behaviour) {
	return rendering(func(_ request, body string) string { return line.ReplaceAllString(body, with) })
}

func renderedCfgFaults() []spec {
	return []spec{
		{name: "rendered-refused", rule: "FIP-CFG-020",
			doc: "the files of phones are refused with 403 or ERROR 2: they were not approved yet",
			spoil: answering(func(next answerer) answerer {
				return func(r request) reply {
					switch {
					case !macFor(r.name):
						return next(r)
					case r.scheme == "tftp":
						return tftpCode(2)
					}
					return reply{code: 403}
				}
			})},
		{name: "rendered-stale-password", rule: "FIP-CFG-021",
			doc: "a password is cut after three letters: a field of a database",
			spoil: rendering(func(_ request, body string) string {
				return passwordLine.ReplaceAllStringFunc(body, func(line string) string {
					return line[:min(len(line)-1, len("account.1.password=")+3)] + "\n"
				})
			})},
		{name: "rendered-anew", rule: "FIP-CFG-022", doc: "a setting holds the time at which the file was made",
			spoil: renderedAnew()},
		{name: "rendered-warning", rule: "FIP-CFG-023", doc: "a warning of the interpreter stands in the file",
			spoil: adding("Notice: Undefined index: vlan in template on line 12\n")},
		{name: "rendered-glued", rule: "FIP-CFG-024", doc: "two settings stand on one line: a line end is missing in the template",
			spoil: adding("lang.gui=English wui.http_enable=1\n")},
		{name: "rendered-duplicate", rule: "FIP-CFG-025", doc: "a setting stands in the file twice: a general part and an own one",
			spoil: adding("lang.gui=English\nlang.gui=German\n")},
		{name: "rendered-placeholder", rule: "FIP-CFG-026", doc: "a placeholder is not filled in: a misspelt variable",
			spoil: adding("network.vlan.internet_port_vid={$vlan_id}\n")},
		{name: "rendered-conflict", rule: "FIP-CFG-027", doc: "the mark of a conflict between versions stands in the template",
			spoil: adding("<<<<<<< HEAD\n")},
		{name: "rendered-account-range", rule: "FIP-CFG-028", doc: "an account that no model has: the template of another",
			spoil: adding("account.16.enable=0\n")},
		{name: "rendered-account-incomplete", rule: "FIP-CFG-029", doc: "an account is enabled and has no server",
			spoil: adding("account.2.enable=1\naccount.2.user_name=200\naccount.2.password=x\n")},
		{name: "rendered-url", rule: "FIP-CFG-030",
			doc: "a URL has no scheme", spoil: adding("local_contact.data.url=www.example.com\\book.xml\n")},
		{name: "rendered-port", rule: "FIP-CFG-031", doc: "a port is none", spoil: adding("ldap.port=70000\n")},
		{name: "rendered-unknown", rule: "FIP-CFG-033",
			doc:   "a phone that is not known is given the file of another: a search for what is like its MAC",
			spoil: nearest(cfg)},
		{name: "rendered-stale", rule: "FIP-CFG-034", doc: "files are rendered once, and kept: a cache that no change clears",
			spoil: stale(cfg)},
		{name: "rendered-duplicate-password", protocols: "http", rule: "FIP-CFG-025", doc: "the password is there a second time, and empty",
			spoil: adding("account.1.password=\n")},
		{name: "rendered-latin1", rule: "FIP-CFG-032", doc: "a label is in Latin-1",
			spoil: replacing(labelLine, "account.1.label=B\xfcro")},
	}
}

// renderedAnew counts, as a clock would.
func renderedAnew() func(*behaviour) {
	var n atomic.Int64
	return rendering(func(_ request, body string) string { return body + fmt.Sprintf("phone.made_at=%d\n", n.Add(1)) })
}

func renderedBootFaults() []spec {
	return []spec{
		{name: "rendered-include-not-cfg", rule: "FIP-BOOT-020", doc: "a boot file includes a file that is no cfg file",
			spoil: bootFile("include:config <%s>\ninclude:config <phonebook.xml>\n")},
		{name: "rendered-include-missing", rule: "FIP-BOOT-021", doc: "a boot file includes a cfg file that is not there",
			spoil: bootFile("include:config <%s>\ninclude:config <site.cfg>\n")},
		{name: "rendered-no-include", rule: "FIP-BOOT-022", doc: "a boot file without an include: the list of files is empty",
			spoil: bootFile("# %s\n")},
		{name: "rendered-includes-glued", rule: "FIP-BOOT-023", doc: "two includes stand on one line",
			spoil: bootFile("include:config <%[1]s> include:config <%[1]s>\n")},
		{name: "rendered-resource-missing", rule: "FIP-RES-020", doc: "a phonebook that a setting names is not there",
			spoil: phonebook(miss)},
		{name: "rendered-phonebook-page", rule: "FIP-RES-021", doc: "a phonebook is no XML: an ampersand that nobody escaped",
			spoil: phonebook(found([]byte("<Directory>\n<Entry><Name>R&D</Name></Entry>\n</Directory>\n")))},
		{name: "rendered-misprint", rule: "FIP-NAME-030", doc: "the common boot file is called as the guide misprints it",
			spoil: answering(func(next answerer) answerer {
				return func(r request) reply {
					if path.Base(r.name) == "y00000000000.boot" {
						return found([]byte("include:config <site.cfg>\n"))
					}
					return next(r)
				}
			})},
	}
}

// bootFile gives each phone that has a cfg file a boot file, made of the cfg file's name.
func bootFile(format string) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			own, isBoot := strings.CutSuffix(r.name, ".boot")
			if !isBoot || !macFor(r.name) {
				return next(r)
			}
			cfgFile := r
			cfgFile.name = own + ".cfg"
			if !next(cfgFile).found {
				return next(r)
			}
			return found(fmt.Appendf(nil, format, path.Base(cfgFile.name)))
		}
	})
}

// phonebook tells each phone of a phonebook, and answers requests for it.
func phonebook(answer reply) func(*behaviour) {
	return func(b *behaviour) {
		b.search = func(s *Server, next answerer) answerer {
			return func(r request) reply {
				if path.Base(r.name) == "phonebook.xml" {
					return answer
				}
				right := next(r)
				if right.found && cfg(r.name) && macFor(r.name) {
					right.body = fmt.Appendf(right.body, "local_contact.data.url=%sphonebook.xml\n", s.urls[r.scheme])
				}
				return right
			}
		}
	}
}
