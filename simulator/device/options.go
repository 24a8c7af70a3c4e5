package device

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Grade says how well an option's default is known: A the guide says so, or a frame
// length proves it; B two independent sources agree; C one source or an inference;
// D unknown, our choice.
type Grade string

// The grades, from certain to chosen.
const (
	GradeA Grade = "A"
	GradeB Grade = "B"
	GradeC Grade = "C"
	GradeD Grade = "D"
)

// Option is one named field of Behaviour.
type Option struct {
	Name    string   // "include_missing"
	Default string   // as Set takes it
	Grade   Grade    // evidence for the default
	Help    string   // one line
	Values  []string // the words it may be; empty: see Help

	field func(*Behaviour) field
}

// Options lists every option in the order of Behaviour's fields.
func Options() []Option { return slices.Clone(options) }

var options = []Option{
	{"source_order", "pnp,dhcp,static", GradeD, "which way of finding the server is tried first; the first that yields a URL is used", nil,
		func(b *Behaviour) field { return wordsField{&b.SourceOrder, []string{"pnp", "dhcp", "static"}} }},
	{"pnp_wait", "5s", GradeD, "how long PnP waits for a NOTIFY", nil,
		func(b *Behaviour) field { return durationField{&b.PnPWait} }},
	{"pnp_linger", "500ms", GradeC, "how long PnP still answers and reports after the first URL; the guide's phone fetched 0.9 s after its NOTIFY", nil,
		func(b *Behaviour) field { return durationField{&b.PnPLinger} }},
	{"pnp_ttl", "1", GradeD, "hops that the multicast SUBSCRIBE may go", nil,
		func(b *Behaviour) field { return numberField[int]{&b.PnPTTL, 1, 255} }},
	text("pnp_event", `ua-profile;profile-type="device";vendor="{vendor}";model="{model}";version="{firmware}"`, GradeC,
		"the PnP SUBSCRIBE's Event; {vendor} {model} {firmware} {MAC} {mac} are replaced", func(b *Behaviour) *string { return &b.PnPEvent }),
	word("url_kind", GradeC, "a provisioning URL: auto (one file if it ends in .cfg), dir, file", func(b *Behaviour) *string { return &b.URLKind },
		"auto", "dir", "file"),
	word("macros", GradeC, "replace $(MA) in URLs by the MAC", func(b *Behaviour) *string { return &b.Macros }, "on", "off"),
	word("probe_bare_mac", GradeC, "ask for the file <mac> before the boot file: only when DHCP named the server, always, never",
		func(b *Behaviour) *string { return &b.ProbeBareMAC }, "dhcp", "always", "never"),
	word("bare_hit", GradeD, "after a hit on <mac>: stop the pass there, or continue with the boot file",
		func(b *Behaviour) *string { return &b.BareHit }, "stop", "continue"),

	{"dhcp_wait", "45s", GradeD, "how long DHCP waits for a lease; four DISCOVERs fit into the default", nil,
		func(b *Behaviour) field { return durationField{&b.DHCPWait} }},
	text("dhcp_vendor_class", "udhcp 1.16.1", GradeC, "DHCP option 60", func(b *Behaviour) *string { return &b.DHCPVendorClass }),
	{"dhcp_parameters", "1,3,6,12,15,28,42,66", GradeC, "DHCP option 55, in this order", nil,
		func(b *Behaviour) field { return codesField{&b.DHCPParameters} }},
	text("dhcp_hostname", "", GradeD, "DHCP option 12; empty: not sent", func(b *Behaviour) *string { return &b.DHCPHostname }),
	text("dhcp_client_id", "mac", GradeC, "DHCP option 61: mac, none, or hexadecimal bytes", func(b *Behaviour) *string { return &b.DHCPClientID }),
	text("dhcp_custom", "", GradeD, "further DHCP options, number=hexadecimal bytes, separated by semicolons", func(b *Behaviour) *string { return &b.DHCPCustom }),
	{"dhcp_url_options", "66", GradeA, "DHCP options that may carry the server's address (66, 67, 43, 150, 224-254); the first hit wins", nil,
		func(b *Behaviour) field { return codesField{&b.DHCPURLOptions} }},

	word("include_missing", GradeD, "when an included cfg file is missing", func(b *Behaviour) *string { return &b.IncludeMissing }, "continue", "abort"),
	word("blank", GradeD, "key= with nothing after it: keep the phone's value, or set the default", func(b *Behaviour) *string { return &b.Blank }, "keep", "default"),
	word("on_failure", GradeD, "when a file cannot be had for another reason than being missing: abort the pass, or skip the file",
		func(b *Behaviour) *string { return &b.OnFailure }, "abort", "skip"),
	{"accounts", "0", GradeA, "the model's highest account index; 0: by the guide's table", nil,
		func(b *Behaviour) field { return numberField[int]{&b.Accounts, 0, 99} }},

	{"tftp_resend", "4.2s", GradeB, "silence after which the request is sent again", nil,
		func(b *Behaviour) field { return durationField{&b.TFTPResend} }},
	{"tftp_sends", "3", GradeB, "how often the request is sent before the transfer has failed", nil,
		func(b *Behaviour) field { return numberField[int]{&b.TFTPSends, 1, 100} }},
	{"tftp_blksize", "512", GradeA, "bytes asked for with the blksize option (RFC 2348)", nil,
		func(b *Behaviour) field { return numberField[int]{&b.TFTPBlksize, 8, 65464} }},
	{"tftp_timeout", "3", GradeB, "seconds asked for with the timeout option (RFC 2349)", nil,
		func(b *Behaviour) field { return numberField[int]{&b.TFTPTimeout, 1, 255} }},
	{"tftp_ack_resend", "73s", GradeC, "silence in mid-transfer after which the last ACK is sent again; libcurl leaves resending to the server", nil,
		func(b *Behaviour) field { return durationField{&b.TFTPAckResend} }},
	{"tftp_ack_sends", "51", GradeC, "how often one ACK is sent before the transfer has failed", nil,
		func(b *Behaviour) field { return numberField[int]{&b.TFTPAckSends, 1, 1000} }},
	{"tftp_transfer_time", "1h", GradeC, "limit: one file, from the server's first answer to the last block; pass_time usually ends first", nil,
		func(b *Behaviour) field { return durationField{&b.TFTPTransferTime} }},
	word("tftp_tsize_zero", GradeB, "an OACK that announces 0 bytes: libcurl refuses the file", func(b *Behaviour) *string { return &b.TFTPTsizeZero },
		"refuse", "accept"),

	text("user_agent", "{vendor} {model} {firmware} {MAC}", GradeB, "HTTP User-Agent; {vendor} {model} {firmware} {MAC} {mac} are replaced",
		func(b *Behaviour) *string { return &b.UserAgent }),
	word("tls_profile", GradeD, "what the phone offers: as today's clients, TLS 1.2 with RSA key exchange only, or without SNI",
		func(b *Behaviour) *string { return &b.TLSProfile }, "modern", "tls12-rsa", "no-sni"),
	word("ftp_tls", GradeD, "FTP in the clear, or AUTH TLS before the login (RFC 4217)", func(b *Behaviour) *string { return &b.FTPTLS }, "off", "explicit"),

	{"reboot_time", "30s", GradeD, "from going down to power-on", nil,
		func(b *Behaviour) field { return durationField{&b.RebootTime} }},
	word("rediscover", GradeD, "look for the server at power-on only, and go on with that one or with what the settings tell since; or always, at every pass",
		func(b *Behaviour) *string { return &b.Rediscover }, "power-on", "always"),
	word("firmware_url", GradeD, "a firmware URL whose file name has another version: upgrade (fetch it, reboot, be that version), or just fetch it",
		func(b *Behaviour) *string { return &b.FirmwareURL }, "upgrade", "fetch"),

	word("notify_auth", GradeD, "take a SIP NOTIFY as it comes, or challenge it: its sender must know an account's password (RFC 3261 section 22)",
		func(b *Behaviour) *string { return &b.NotifyAuth }, "off", "digest"),
	word("notify_from", GradeD, "take a SIP NOTIFY from anybody, or only from where an account's registrar or outbound proxy is",
		func(b *Behaviour) *string { return &b.NotifyFrom }, "any", "registrar"),

	{"pass_time", "30m", GradeD, "limit: one whole pass", nil,
		func(b *Behaviour) field { return durationField{&b.PassTime} }},
	{"max_redirects", "5", GradeD, "limit: HTTP redirects for one file", nil,
		func(b *Behaviour) field { return numberField[int]{&b.MaxRedirects, 1, 100} }},
	{"max_includes", "100", GradeD, "limit: include lines of one boot file", nil,
		func(b *Behaviour) field { return numberField[int]{&b.MaxIncludes, 1, 100000} }},
	{"max_cfg", "16777216", GradeD, "limit: bytes of one boot or cfg file", nil,
		func(b *Behaviour) field { return numberField[int64]{&b.MaxCfg, 1, 1 << 40} }},
	{"max_resource", "67108864", GradeD, "limit: bytes of one resource file", nil,
		func(b *Behaviour) field { return numberField[int64]{&b.MaxResource, 1, 1 << 40} }},
}

// word is an option that is one of a few words; the first is the default.
func word(name string, g Grade, help string, at func(*Behaviour) *string, values ...string) Option {
	return Option{name, values[0], g, help, values, func(b *Behaviour) field { return wordField{at(b), values} }}
}

// text is an option of free text.
func text(name, def string, g Grade, help string, at func(*Behaviour) *string) Option {
	return Option{name, def, g, help, nil, func(b *Behaviour) field { return textField{at(b)} }}
}

// Set sets the option called name from text, as a command line or a behaviour file
// writes it. Its errors name the option, and what it may be.
func (b *Behaviour) Set(name, value string) error {
	i := slices.IndexFunc(options, func(o Option) bool { return o.Name == name })
	if i < 0 {
		return fmt.Errorf("no option of the phone is called %q; there are: %s", name, strings.Join(optionNames(), ", "))
	}
	if err := options[i].field(b).set(value); err != nil {
		return fmt.Errorf("option %s: %w", name, err)
	}
	return nil
}

// Get returns the option called name as Set takes it, its default where it is unset;
// the empty text for a name that no option has.
func (b Behaviour) Get(name string) string {
	b = b.WithDefaults()
	for _, o := range options {
		if o.Name == name {
			return o.field(&b).String()
		}
	}
	return ""
}

// WithDefaults returns b with each unset option at its default.
func (b Behaviour) WithDefaults() Behaviour {
	for _, o := range options {
		if f := o.field(&b); f.unset() && o.Default != "" {
			if err := f.set(o.Default); err != nil {
				panic("device: default of " + o.Name + ": " + err.Error())
			}
		}
	}
	return b
}

func optionNames() []string {
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.Name
	}
	return names
}

// ParseDuration reads a duration as people write it: 90s, 5m, 1h30m, or a bare number
// of seconds.
func ParseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		d, err = time.ParseDuration(text + "s")
	}
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration: want seconds, or 90s, 5m, 1h30m", text)
	}
	return d, nil
}
