package faulty

import (
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpOptionFaults are about what an OACK says.
func tftpOptionFaults() []spec {
	return []spec{
		{name: "oack-unasked-option", clause: Negotiation, rule: "FIP-TFTP-032",
			doc: "an option in the OACK that nobody asked for: windowsize",
			spoil: options(func(_ *tftpTransfer, granted []tftp.Option) []tftp.Option {
				if len(granted) == 0 {
					return nil
				}
				return append(granted, tftp.Option{Name: tftp.OptionWindowsize, Value: "1"})
			})},
		{name: "oack-all-options", clause: Negotiation, rule: "FIP-TFTP-032",
			doc: "the OACK always has blksize and tsize, asked for or not",
			spoil: options(func(t *tftpTransfer, granted []tftp.Option) []tftp.Option {
				if len(granted) == 0 {
					return nil
				}
				return []tftp.Option{
					{Name: tftp.OptionBlksize, Value: strconv.Itoa(t.blksize)},
					{Name: tftp.OptionTsize, Value: strconv.Itoa(len(t.body))},
				}
			})},
		{name: "oack-unasked", clause: Negotiation, rule: "FIP-TFTP-033", doc: "an OACK for a request without options",
			spoil: options(func(t *tftpTransfer, granted []tftp.Option) []tftp.Option {
				if len(t.request.Options) == 0 {
					return []tftp.Option{{Name: tftp.OptionBlksize, Value: "512"}}
				}
				return granted
			})},
		{name: "oack-larger-blksize", clause: Negotiation, rule: "FIP-TFTP-034",
			doc: "a block size larger than was asked for: the server's own",
			spoil: options(func(t *tftpTransfer, granted []tftp.Option) []tftp.Option {
				for i := range granted {
					if strings.EqualFold(granted[i].Name, tftp.OptionBlksize) {
						granted[i].Value, t.blksize = "1428", 1428
					}
				}
				return granted
			})},
	}
}

// tftpValueFaults are about the values in an OACK.
func tftpValueFaults() []spec {
	return []spec{
		{name: "oack-tsize-zero", clause: Negotiation, rule: "FIP-TFTP-036",
			doc:   "tsize 0 in the OACK, as it was in the request: options are echoed",
			spoil: tsize(always("0"))},
		{name: "oack-tsize-short", clause: Negotiation, rule: "FIP-TFTP-036",
			doc:   "a tsize that is less than the file: its size before a template was filled in",
			spoil: tsize(func(t *tftpTransfer) string { return strconv.Itoa(max(1, len(t.body)/2)) })},
		{name: "oack-tsize-long", clause: Negotiation, rule: "FIP-TFTP-036",
			doc:   "a tsize that is more than the file: its size in whole blocks",
			spoil: tsize(func(t *tftpTransfer) string { return strconv.Itoa((len(t.body)/512 + 1) * 512) })},
		{name: "oack-tsize-unknown", clause: Negotiation, rule: "FIP-TFTP-036", doc: "a tsize of -1, because the size is not known",
			spoil: tsize(always("-1"))},
		{name: "oack-timeout-changed", clause: Negotiation, rule: "FIP-TFTP-037", doc: "another timeout than was asked for",
			spoil: options(grantOwnTimeout("6"))},
		{name: "oack-timeout-own", clause: Negotiation, rule: "FIP-TFTP-037", doc: "a timeout of 5 seconds, whatever was asked for",
			spoil: options(grantOwnTimeout("5"))},
	}
}

// grantOwnTimeout grants a timeout of the server's own to whoever asks for one.
func grantOwnTimeout(seconds string) func(t *tftpTransfer, granted []tftp.Option) []tftp.Option {
	return func(t *tftpTransfer, granted []tftp.Option) []tftp.Option {
		if t.asked(tftp.OptionTimeout) {
			return append(granted, tftp.Option{Name: tftp.OptionTimeout, Value: seconds})
		}
		return granted
	}
}

// tftpRequestFaults are about requests with options, and what follows.
func tftpRequestFaults() []spec {
	return []spec{
		{name: "oack-empty", clause: Negotiation, rule: "FIP-TFTP-033", doc: "an OACK without options in the place of plain DATA",
			spoil: onTFTP(func(f *tftpFault) { f.emptyOACK = true })},
		{name: "oack-blksize-not-used", clause: Negotiation, rule: "FIP-TFTP-035", doc: "a block size is granted and another one used",
			spoil: onTFTP(func(f *tftpFault) { f.forceSize = 512 })},
		{name: "blksize-unasked", clause: Negotiation, rule: "FIP-TFTP-004",
			doc: "blocks of 1024 bytes to a client that did not ask for any size",
			spoil: options(func(t *tftpTransfer, granted []tftp.Option) []tftp.Option {
				if !t.asked(tftp.OptionBlksize) {
					t.blksize = 1024
				}
				return granted
			})},
		{name: "options-refused", clause: Negotiation, rule: "FIP-TFTP-030",
			doc: "ERROR 8 for any request with options: RFC 1350 alone",
			spoil: onTFTP(func(f *tftpFault) {
				f.refuses = func(p *tftp.Packet) bool { return len(p.Options) > 0 }
			})},
		{name: "unknown-option-refused", clause: Negotiation, rule: "FIP-TFTP-039",
			doc: "ERROR for an option that the server does not know",
			spoil: onTFTP(func(f *tftpFault) {
				f.refuses = func(p *tftp.Packet) bool { return hasOther(p.Options) }
			})},
		{name: "oack-not-waited-for", clause: Negotiation, rule: "FIP-TFTP-041",
			doc:   "DATA 1 follows the OACK at once, without its ACK",
			spoil: onTFTP(func(f *tftpFault) { f.unordered = true })},
		{name: "option-case", clause: Negotiation, rule: "FIP-TFTP-040", doc: "options are known in small letters only",
			spoil: onTFTP(func(f *tftpFault) {
				f.refuses = func(p *tftp.Packet) bool { return hasCapitals(p.Options) }
			})},
		{name: "mode-case", clause: Negotiation, rule: "FIP-TFTP-007", doc: "the mode is known in small letters only",
			spoil: onTFTP(func(f *tftpFault) {
				f.refuses = func(p *tftp.Packet) bool { return p.Mode != strings.ToLower(p.Mode) }
			})},
	}
}

func hasOther(options []tftp.Option) bool {
	for _, o := range options {
		switch strings.ToLower(o.Name) {
		case tftp.OptionBlksize, tftp.OptionTsize, tftp.OptionTimeout:
		default:
			return true
		}
	}
	return false
}

func hasCapitals(options []tftp.Option) bool {
	for _, o := range options {
		if o.Name != strings.ToLower(o.Name) {
			return true
		}
	}
	return false
}
