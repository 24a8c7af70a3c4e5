package steps

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpOptionSteps judge the negotiation of options (RFC 2347 to 2349).
func tftpOptionSteps(sc catalogue) {
	sc.Then(`^the options did not keep the file from the phone$`, optionsKeptNothing)
	sc.Then(`^block 1 followed the acknowledgement of the options$`, blockOneFollowed)
	sc.Then(`^only options that were asked for are granted$`, onlyAsked)
	sc.Then(`^no option was granted$`, noneGranted)
	sc.Then(`^each block size that was granted is from 8 to the one asked for$`, blksizeInBounds)
	sc.Then(`^its blocks were as long as was granted$`, blocksAsGranted)
	sc.Then(`^the size that was told is that of the file$`, tsizeIsRight)
	sc.Then(`^each timeout that was granted is the one asked for$`, timeoutsMatch)
	sc.Then(`^block 1 came again after about (\d+) seconds, if that was granted$`, timeoutKept)
	sc.Then(`^the unknown option did not keep the file from the phone$`, unknownPassedOver)
	sc.Then(`^no block came to the phone that refused$`, noBlockAfterwards)
	sc.Then(`^none of these block sizes was granted$`, noBlksizeGranted)
}

// optionsKeptNothing compares with a request without options, which was answered.
func optionsKeptNothing(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	asked := "the file for a request with " + optionWords(r.options) + ", as without options"
	switch {
	case r.trouble.kind == refusal && len(r.blocks) == 0 && !r.oack:
		return violated(asked, "%s", r.trouble.what)
	case !r.peer.IsValid():
		return violated(asked, "%s", r.trouble.what)
	}
	return nil
}

func blockOneFollowed(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	if !r.oack || len(r.blocks) > 0 {
		return nil // the file came at once, or did follow
	}
	if plain := of(ctx).talk.tftp.plain; plain.trouble.kind == r.trouble.kind && len(plain.blocks) == 0 {
		return plain.blocked()
	}
	return violated("block 1 after the acknowledgement of "+optionWords(r.granted), "%s", r.trouble.what)
}

func onlyAsked(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	for _, o := range r.granted {
		if !slices.ContainsFunc(r.options, func(asked tftp.Option) bool { return strings.EqualFold(asked.Name, o.Name) }) {
			return violated("nothing but "+optionWords(r.options)+" granted", "%s=%s was granted too", o.Name, o.Value)
		}
	}
	return nil
}

func noneGranted(ctx context.Context) error {
	if r := of(ctx).talk.tftp.latest(); r.oack {
		return violated("block 1 for a request without options", "an OACK came: %s", optionWords(r.granted))
	}
	return nil
}

// optionsWork returns an obstacle where the phone's own options keep the file from it:
// FIP-TFTP-030 says so.
func (w *world) optionsWork(ctx context.Context) error {
	r, err := share(&w.suite.shared, "TFTP with the phone's options: "+w.talk.file.url.String(), func() (*tftpRead, error) {
		at := *w
		at.talk.events, at.talk.tftp.reads, at.talk.tftp.asked = nil, nil, nil
		err := at.readTFTP(ctx, tftp.Octet, at.phoneOptions())
		if err != nil {
			return nil, err
		}
		return at.talk.tftp.latest(), nil
	})
	if err == nil && r.trouble.kind != noTrouble {
		err = blocked("with the phone's options: %s", r.trouble.what)
	}
	return err
}

// grantedOption returns an option of an OACK, in any case.
func (r *tftpRead) grantedOption(name string) (string, bool) {
	return (&tftp.Packet{Options: r.granted}).Option(name)
}

func blksizeInBounds(ctx context.Context) error {
	for _, r := range of(ctx).talk.tftp.reads {
		value, ok := r.grantedOption(tftp.OptionBlksize)
		if !ok {
			continue
		}
		most, err := strconv.Atoi(r.options[0].Value)
		if err != nil {
			return harness("%v", err)
		}
		if n, err := strconv.Atoi(value); err != nil || n < tftp.MinBlksize || n > most {
			return violated(fmt.Sprintf("a block size from %d to %d, or none", tftp.MinBlksize, most), "blksize=%s was granted", value)
		}
	}
	return nil
}

func blocksAsGranted(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	r := t.latest()
	granted := fmt.Sprintf("blocks of %d bytes", r.blksize)
	switch {
	case r.trouble.kind == oversize && t.plain.trouble.kind != oversize:
		return violated(granted, "%s", r.trouble.what)
	case r.trouble.kind != noTrouble:
		return r.blocked()
	case !t.plain.whole:
		return blocked("%s", t.plain.outcome())
	case len(r.blocks) == 1 && len(r.body) < len(t.plain.body):
		return violated(granted, "block 1 has %d bytes", len(r.body))
	}
	return nil
}

func tsizeIsRight(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	r := t.latest()
	value, ok := r.grantedOption(tftp.OptionTsize)
	if !ok {
		return nil
	}
	if !t.plain.whole {
		return blocked("%s", t.plain.outcome())
	}
	if n, err := strconv.Atoi(value); err != nil || n != len(t.plain.body) {
		return violated(fmt.Sprintf("tsize=%d", len(t.plain.body)), "tsize=%s came", value)
	}
	return nil
}

func timeoutsMatch(ctx context.Context) error {
	for _, r := range of(ctx).talk.tftp.reads {
		asked := r.options[0].Value
		if value, ok := r.grantedOption(tftp.OptionTimeout); ok && value != asked {
			return violated(fmt.Sprintf("timeout=%s, or no timeout", asked), "timeout=%s was granted", value)
		}
	}
	return nil
}

// timeoutKept leaves room for a coarse timer, and for a first resend that comes early.
func timeoutKept(ctx context.Context, seconds int) error {
	t := &of(ctx).talk.tftp
	r := t.latest()
	value, ok := r.grantedOption(tftp.OptionTimeout)
	if !ok {
		return nil
	}
	if value != strconv.Itoa(seconds) {
		return blocked("another timeout was granted: %s", value)
	}
	if len(r.again) == 0 {
		return blocked("block 1 did not come again")
	}
	want := time.Duration(seconds) * time.Second
	if t.took < want/2 || t.took > 2*want+500*time.Millisecond {
		return violated(fmt.Sprintf("block 1 again after %s, as was granted", want),
			"it came again after %s", t.took.Round(10*time.Millisecond))
	}
	return nil
}

func unknownPassedOver(ctx context.Context) error {
	if err := of(ctx).optionsWork(ctx); err != nil {
		return err
	}
	r := of(ctx).talk.tftp.latest()
	expected := "the file for a request with an option that nobody knows"
	if r.trouble.kind == refusal && len(r.blocks) == 0 || !r.peer.IsValid() {
		return violated(expected, "%s", r.trouble.what)
	}
	for _, o := range r.granted {
		if strings.HasPrefix(strings.ToLower(o.Name), "x-") {
			return violated(expected, "the server granted %s=%s", o.Name, o.Value)
		}
	}
	return nil
}

func noBlksizeGranted(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	for i, r := range t.reads {
		if value, ok := r.grantedOption(tftp.OptionBlksize); ok {
			return violated("no block size granted for "+t.asked[i], "blksize=%s was granted", value)
		}
	}
	return nil
}
