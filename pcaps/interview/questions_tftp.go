package interview

import (
	"strings"
	"time"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/device"
)

// tftpQuestions are about TFTP.
func tftpQuestions() []question {
	set := func(mode tftpMode) func(*interview, *stage) {
		return func(in *interview, s *stage) {
			both(in, s, "tftp", in.own())
			s.tftp = mode
			s.files[in.own()] = strings.Repeat("# several blocks\n", 200)
		}
	}
	return []question{
		{what: "TFTP: no option is granted", like: []string{"tftp_blksize", "tftp_timeout"}, set: set(tftpPlain)},
		{what: "TFTP: the server is silent", like: []string{"tftp_resend", "tftp_sends"}, set: set(tftpSilent)},
		{what: "TFTP: the server announces 0 bytes", like: []string{"tftp_tsize_zero"}, set: set(tftpZero)},
		{what: "TFTP: the file does not end", set: set(tftpEndless),
			find: func(in *interview, b *Boot, p *pcaps.Phone, take func(option, value string)) {
				if !in.ranOut(p, 0) {
					takeTime(take, "tftp_transfer_time", b.endured(b.began))
				}
			}},
		{what: "TFTP: the server falls silent after a block", set: set(tftpStalled),
			find: func(in *interview, _ *Boot, p *pcaps.Phone, take func(option, value string)) {
				findACKs(in, p, take)
			}},
	}
}

// findACKs takes how the phone sends its ACK again, and how often where it was not the
// pass that ended first.
func findACKs(in *interview, p *pcaps.Phone, take func(option, value string)) {
	gap := (device.Behaviour{}).WithDefaults().TFTPAckResend
	sends := ""
	for _, f := range p.Like() {
		switch f.Name {
		case "tftp_ack_resend":
			gap, _ = time.ParseDuration(f.Value)
			take(f.Name, f.Value)
		case "tftp_ack_sends":
			sends = f.Value
		}
	}
	if !in.ranOut(p, gap) {
		take("tftp_ack_sends", sends)
	}
}

// ranOut reports whether the phone ended this for want of time for the pass or the file,
// up to a time after it was heard last.
func (in *interview) ranOut(p *pcaps.Phone, after time.Duration) bool {
	const margin = 10 * time.Second
	if len(p.Events) == 0 {
		return false
	}
	took := p.Events[len(p.Events)-1].At.Sub(p.Events[0].At) + after
	for _, option := range []string{"pass_time", "tftp_transfer_time"} {
		if limit, err := time.ParseDuration(in.found[option]); err == nil && took > limit-margin {
			return true
		}
	}
	return false
}

// takeTime takes a limit that was met, to the second where it is long: the server sees
// no better than it sends.
func takeTime(take func(option, value string), option string, d time.Duration) {
	unit := 100 * time.Millisecond
	if d > 10*time.Second {
		unit = time.Second
	}
	if d = d.Round(unit); d > 0 {
		take(option, d.String())
	}
}
