package interview

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// question is one boot: what the server does differently, and what that shows.
type question struct {
	what  string
	again bool     // asked without a reboot
	like  []string // options that pcaps.Phone.Like reads of the boot; one that it doesn't find is at its default
	skip  func(*interview) bool
	set   func(*interview, *stage)
	find  func(in *interview, b *Boot, p *pcaps.Phone, take func(option, value string)) // what Like can't know
	more  func(*interview) bool                                                         // it is to be asked once more
}

// questions are those that can be asked with these options, in their order: what comes
// later may rest on what was found before.
func questions(o Options) []question {
	all := slices.Concat(findingQuestions(), urlQuestions(), fileQuestions(), webQuestions(o), passQuestions(), tftpQuestions())
	needs := map[string]string{"tftp": o.TFTP, "ftp": o.FTP, "http": o.HTTP, "https": o.HTTPS}
	return slices.DeleteFunc(all, func(q question) bool {
		scheme, _, ok := strings.Cut(q.what, ":")
		return ok && needs[strings.ToLower(scheme)] == ""
	})
}

// both tells a URL by each way of finding the server.
func both(in *interview, s *stage, scheme, path string) {
	s.pnp = in.url(scheme, path)
	s.dhcp = s.pnp
}

// own is a file of the phone's own: its name says who asks.
func (in *interview) own() string { return in.result.Phone.MAC.CfgName() }

// office publishes a boot file that includes the files that are given.
func office(s *stage, includes ...string) {
	var b strings.Builder
	for _, name := range includes {
		fmt.Fprintf(&b, "include:config <%s>\n", name)
	}
	s.files[device.CommonBoot] = b.String()
}

// findingQuestions are about the ways of finding the server.
func findingQuestions() []question {
	dhcpOptions := []string{"dhcp_vendor_class", "dhcp_parameters", "dhcp_hostname", "dhcp_client_id", "dhcp_custom"}
	return []question{
		{what: "TFTP: PnP and DHCP name different folders of the server", find: findOrder, set: func(in *interview, s *stage) {
			s.pnp, s.dhcp = in.url("tftp", "pnp/"), in.url("tftp", "dhcp/")
		}},
		{what: "TFTP: only DHCP names the server", set: func(in *interview, s *stage) { s.dhcp = in.url("tftp", "") },
			find: func(_ *interview, _ *Boot, p *pcaps.Phone, take func(option, value string)) {
				for _, f := range p.Like() {
					if slices.Contains(append(dhcpOptions, "pnp_wait", "pnp_event", "probe_bare_mac"), f.Name) {
						take(f.Name, f.Value)
					}
				}
				if has(p, trace.DHCPDiscover) {
					for _, name := range dhcpOptions {
						take(name, (device.Behaviour{}).Get(name))
					}
				}
			}},
		{what: "TFTP: only PnP names the server", like: []string{"pnp_event", "probe_bare_mac", "pnp_linger"},
			set: func(in *interview, s *stage) { s.pnp = in.url("tftp", "") }},
		{what: "TFTP: DHCP does not answer", skip: func(in *interview) bool { return !in.first("dhcp") || in.options.Interface != "" },
			like: []string{"dhcp_wait"}, set: func(in *interview, s *stage) { s.pnp, s.silent = in.url("tftp", ""), true }},
		{what: "TFTP: DHCP names a folder in each option that may carry one", set: everyOption, find: findURLOption},
		{what: "TFTP: DHCP names a folder in each such option but 66", find: findURLOption,
			skip: func(in *interview) bool { return in.found["dhcp_url_options"] != "66" },
			set: func(in *interview, s *stage) {
				everyOption(in, s)
				s.dhcp = ""
			}},
		{what: "TFTP: there is a file of the phone's bare MAC",
			skip: func(in *interview) bool { return in.found["probe_bare_mac"] == "never" },
			like: []string{"bare_hit"}, set: func(in *interview, s *stage) {
				s.dhcp = in.url("tftp", "")
				if in.found["probe_bare_mac"] == "always" {
					s.pnp = s.dhcp
				}
				s.files[in.result.Phone.MAC.String()] = "lang.gui=English\n"
			}},
	}
}

func has(p *pcaps.Phone, kind trace.Kind) bool {
	return slices.ContainsFunc(p.Events, func(e pcaps.Event) bool { return e.Kind == kind })
}

// first reports whether this way of finding the server comes before the others.
func (in *interview) first(source string) bool {
	return strings.HasPrefix(in.found["source_order"], source)
}

// requested are the paths that the phone asked for, in their order.
func requested(p *pcaps.Phone) []string {
	var all []string
	for _, e := range p.Events {
		if e.Kind == trace.FetchRequest && e.Attempt <= 1 {
			_, path, _ := strings.Cut(strings.TrimPrefix(e.URL, e.URL[:strings.Index(e.URL, "://")+3]), "/")
			all = append(all, path)
		}
	}
	return all
}

// findOrder looks at which of the folders was asked.
func findOrder(_ *interview, _ *Boot, p *pcaps.Phone, take func(option, value string)) {
	asked := requested(p)
	if len(asked) == 0 {
		return
	}
	switch folder, _, _ := strings.Cut(asked[0], "/"); folder {
	case "pnp":
		take("source_order", "pnp,dhcp,static")
	case "dhcp":
		take("source_order", "dhcp,pnp,static")
	default:
		take("source_order", "static,pnp,dhcp")
	}
}

// urlOptions are the DHCP options, beside 66, that may carry a URL as text.
func urlOptions() []int {
	all := []int{67, 43}
	for code := 224; code <= 254; code++ {
		all = append(all, code)
	}
	return all
}

// everyOption names a folder of its own in each of them. DHCP is the only way.
func everyOption(in *interview, s *stage) {
	s.dhcp, s.options = in.url("tftp", "o66/"), make(map[int][]byte)
	for _, code := range urlOptions() {
		s.options[code] = []byte(in.url("tftp", fmt.Sprintf("o%d/", code)))
	}
}

// findURLOption looks at whose folder was asked.
func findURLOption(in *interview, b *Boot, p *pcaps.Phone, take func(option, value string)) {
	asked := requested(p)
	if len(asked) == 0 {
		return
	}
	folder, _, _ := strings.Cut(asked[0], "/")
	code, ok := strings.CutPrefix(folder, "o")
	switch {
	case !ok:
	case code == "66":
		take("dhcp_url_options", "66")
	case b.stage.dhcp == "":
		take("dhcp_url_options", "66,"+code)
	default:
		take("dhcp_url_options", code)
	}
}

// urlQuestions are about how a URL is read.
func urlQuestions() []question {
	return []question{
		{what: "HTTP: the URL ends in .cfg", like: []string{"url_kind", "user_agent"},
			set: func(in *interview, s *stage) { both(in, s, "http", in.own()) }},
		{what: "HTTP: the URL does not end in .cfg, nor with a slash", like: []string{"url_kind"},
			set: func(in *interview, s *stage) { both(in, s, "http", "folder") }},
		{what: "HTTP: the URL has $(MA) in it", like: []string{"macros"},
			set: func(in *interview, s *stage) { both(in, s, "http", "m/$(MA)/") }},
	}
}

// fileQuestions are about what files say.
func fileQuestions() []question {
	resource := func(in *interview, s *stage, value string) {
		both(in, s, "http", "")
		office(s, "settings.cfg")
		s.files["settings.cfg"] = "local_contact.data.url=" + value + "\n"
		s.files["contacts.xml"] = "<PhoneBook></PhoneBook>\n"
	}
	return []question{
		{what: "HTTP: an included file is missing", like: []string{"include_missing"}, set: func(in *interview, s *stage) {
			both(in, s, "http", "")
			office(s, "missing.cfg", "next.cfg")
			s.files["next.cfg"] = "lang.gui=English\n"
		}},
		{what: "HTTP: an included file is forbidden", like: []string{"on_failure"}, set: func(in *interview, s *stage) {
			both(in, s, "http", "")
			office(s, "forbidden.cfg", "next.cfg")
			s.files["next.cfg"] = "lang.gui=English\n"
			s.web = func(_ *Boot, path string) (webAnswer, bool) {
				return webAnswer{status: 403}, strings.HasSuffix(path, "forbidden.cfg")
			}
		}},
		{what: "HTTP: a cfg file names a phonebook", set: func(in *interview, s *stage) {
			resource(in, s, in.url("http", "contacts.xml"))
		}, find: func(in *interview, _ *Boot, p *pcaps.Phone, _ func(option, value string)) {
			in.phonebook = slices.Contains(requested(p), "contacts.xml")
		}},
		{what: "HTTP: the phonebook's URL is blank", skip: func(in *interview) bool { return !in.phonebook },
			set: func(in *interview, s *stage) { resource(in, s, "") },
			find: func(_ *interview, _ *Boot, p *pcaps.Phone, take func(option, value string)) {
				asked := requested(p)
				switch {
				case slices.Contains(asked, "contacts.xml"):
					take("blank", "keep")
				case slices.Contains(asked, "settings.cfg"):
					take("blank", "default")
				}
			}},
		{what: "HTTP: a boot file includes more files than before, or fewer", set: manyIncludes, find: countIncludes,
			more: func(in *interview) bool { return in.includes.next() > 0 }},
	}
}

// webQuestions are about HTTP, TLS and FTP.
func webQuestions(o Options) []question {
	const hops = 30
	all := []question{
		{what: fmt.Sprintf("HTTP: %d redirects in a row", hops), like: []string{"max_redirects"}, set: func(in *interview, s *stage) {
			both(in, s, "http", in.own())
			s.files[in.own()] = "lang.gui=English\n"
			s.web = func(_ *Boot, path string) (webAnswer, bool) {
				n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(path, "hop-"), ".cfg"))
				return webAnswer{status: 302, location: fmt.Sprintf("/hop-%d.cfg", n+1)}, n < hops
			}
		}},
		{what: "FTP: the server speaks TLS if asked", like: []string{"ftp_tls"},
			set: func(in *interview, s *stage) { both(in, s, "ftp", "") }},
	}
	if o.Name != "" {
		all = append(all, question{what: "HTTPS: the server has a name", like: []string{"tls_profile"}, set: func(in *interview, s *stage) {
			both(in, s, "https", "")
			s.secure = true
		}})
	}
	return all
}

// passQuestions are about passes.
func passQuestions() []question {
	return []question{
		{what: "HTTP: the file does not end", set: func(in *interview, s *stage) {
			both(in, s, "http", in.own())
			s.web = func(*Boot, string) (webAnswer, bool) { return webAnswer{endless: true}, true }
		}, find: func(_ *interview, b *Boot, p *pcaps.Phone, take func(option, value string)) {
			if len(p.Events) > 0 {
				takeTime(take, "pass_time", b.endured(p.Events[0].At))
			}
		}},
		{what: "TFTP: the phone provisions", set: func(in *interview, s *stage) { both(in, s, "tftp", "") },
			find: func(in *interview, _ *Boot, p *pcaps.Phone, _ func(option, value string)) {
				in.booted = len(requested(p)) > 0
			}},
		{what: "TFTP: the phone provisions again, without a reboot", again: true, skip: func(in *interview) bool { return !in.booted },
			set: func(in *interview, s *stage) { both(in, s, "tftp", "") },
			find: func(_ *interview, _ *Boot, p *pcaps.Phone, take func(option, value string)) {
				switch {
				case has(p, trace.PnPSubscribe), has(p, trace.DHCPDiscover):
					take("rediscover", "always")
				case len(requested(p)) > 0:
					take("rediscover", "power-on")
				}
			}},
	}
}
