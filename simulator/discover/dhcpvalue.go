package discover

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Options that may carry the server's address.
const (
	optionVendor      = 43  // vendor specific information (RFC 2132 §8.4)
	optionTFTPServer  = 66  // TFTP server name (RFC 2132 §9.4)
	optionTFTPAddress = 150 // TFTP server addresses (RFC 5859)
)

// serverText returns what the first of codes that is in o says about the server: a
// URL, a host name or an address, without padding. An option with nothing but padding
// counts as absent. Its error says which option is unusable, and why.
func serverText(o dhcpv4.Options, codes []int) (text string, code int, err error) {
	for _, code := range codes {
		value, ok := o[byte(code)]
		if !ok {
			continue
		}
		text, err := optionText(code, value)
		if err != nil {
			return "", code, fmt.Errorf("option %d: %w", code, err)
		}
		if text != "" {
			return text, code, nil
		}
	}
	return "", 0, nil
}

func optionText(code int, value []byte) (string, error) {
	switch code {
	case optionTFTPAddress:
		return firstAddress(value)
	case optionVendor:
		if text, ok := vendorText(value); ok {
			return text, nil
		}
	}
	return plainText(value)
}

// firstAddress reads option 150: "one or more IPv4 addresses"; "the client MUST
// attempt them in the order" given (RFC 5859 §2, §3): the first counts.
func firstAddress(value []byte) (string, error) {
	if len(value) == 0 || len(value)%4 != 0 {
		return "", fmt.Errorf("%d bytes are not a list of IPv4 addresses", len(value))
	}
	a, _ := netip.AddrFromSlice(value[:4])
	return a.String(), nil
}

// vendorText reads option 43 where it is a whole list of sub-options (RFC 2132 §8.4):
// the first whose value is text. Anything else is text as it stands; the guide knows
// neither, deployed servers send both.
func vendorText(value []byte) (string, bool) {
	found := ""
	for rest := value; len(rest) > 0; {
		if rest[0] == dhcpv4.OptionEnd.Code() {
			break
		}
		if rest[0] == dhcpv4.OptionPad.Code() {
			rest = rest[1:]
			continue
		}
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return "", false
		}
		text, err := plainText(rest[2 : 2+int(rest[1])])
		if found == "" && err == nil {
			found = text
		}
		rest = rest[2+int(rest[1]):]
	}
	return found, found != ""
}

// plainText cuts padding: dnsmasq counts a final NUL, Tftpd32 fills up with them,
// others with spaces. What is left must be one line of text.
func plainText(value []byte) (string, error) {
	text := strings.Trim(string(value), "\x00 ")
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("%q is not text", clip(text))
	}
	if i := strings.IndexFunc(text, unicode.IsControl); i >= 0 {
		return "", fmt.Errorf("a control character stands in %q", clip(text))
	}
	return text, nil
}

// clip makes a stranger's text fit for a line of ours: no password, nothing that drives a
// terminal, not endless.
func clip(text string) string { return short(withoutUserInfo(text), 200) }
