package steps

import (
	"context"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpTalk is what the rules about TFTP look at.
type tftpTalk struct {
	plain *tftpRead     // the file as it comes undisturbed and without options
	reads []*tftpRead   // of this scenario; the latest counts
	asked []string      // the options that each of them asked for, as the feature has them
	after []tftpPacket  // what came when the transfer was over, or stood still
	took  time.Duration // until a lost block came again
}

// tftpSteps are those about TFTP, packet by packet.
func tftpSteps(sc catalogue) {
	sc.When(`^it is read over TFTP$`, func(ctx context.Context) error { return of(ctx).readTFTP(ctx, tftp.Octet, nil) })
	sc.When(`^it is read over TFTP as phones ask$`, func(ctx context.Context) error {
		return of(ctx).readTFTP(ctx, tftp.Octet, of(ctx).phoneOptions())
	})
	sc.When(`^it is read over TFTP by a phone that listens on$`, readLingering)
	sc.When(`^it is read over TFTP in mode "([^"]*)"$`, func(ctx context.Context, mode string) error {
		return of(ctx).readTFTP(ctx, mode, nil)
	})
	sc.When(`^it is read over TFTP with the options "([^"]*)"$`, func(ctx context.Context, options string) error {
		return of(ctx).readTFTP(ctx, tftp.Octet, tftpOptions(options))
	})
	sc.When(`^it is read over TFTP as phones ask, and the first answer is lost$`, readFirstLost)
	sc.When(`^it is read over TFTP, and (block \d+|the last block) is lost$`, readBlockLost)
	sc.When(`^it is read over TFTP, and every acknowledgement arrives twice$`, readAckTwice)
	sc.When(`^it is read over TFTP, and the request arrives twice$`, readRequestTwice)
	sc.When(`^it is read over TFTP, and block 2 is acknowledged late$`, readAckedLate)
	sc.When(`^it is read over TFTP with the options "([^"]*)", and block 1 is lost$`, readTimed)
	sc.When(`^it is read over TFTP while a stranger sends acknowledgements to the same port$`, readBesideStranger)
	sc.When(`^it is asked for over TFTP in mode "([^"]*)"$`, func(ctx context.Context, mode string) error {
		return of(ctx).beginTFTP(ctx, mode, "")
	})
	sc.When(`^it is asked for over TFTP as phones ask$`, func(ctx context.Context) error {
		return of(ctx).beginTFTP(ctx, tftp.Octet, optionWords(of(ctx).phoneOptions()))
	})
	sc.When(`^it is asked for over TFTP with each of the options ("[^"]*"(?:(?:, | and )"[^"]*")*)$`, askWithEach)
	sc.When(`^two phones begin to read it over TFTP$`, twoBegin)
	sc.When(`^a phone breaks its transfer off with ERROR 3$`, breakOff)
	sc.When(`^a phone refuses the options that it is granted over TFTP$`, refuseOptions)
	sc.When(`^a phone asks over TFTP for a file that is not there$`, func(ctx context.Context) error { return askInVain(ctx, 1) })
	sc.When(`^a phone asks twice over TFTP, from one port, for a file that is not there$`, func(ctx context.Context) error {
		return askInVain(ctx, 2)
	})
	tftpTransferSteps(sc)
	tftpLossSteps(sc)
	tftpOptionSteps(sc)
	tftpRobustSteps(sc)
}

// plainRead reads the scenario's file once in a run as plainly as can be. Where that
// does not even begin, rules about files say so.
func (w *world) plainRead(ctx context.Context) error {
	plain, err := share(&w.suite.shared, "plain TFTP read of "+w.talk.file.url.String(), func() (*tftpRead, error) {
		at := *w
		at.talk.events = nil
		r, err := at.startRead(ctx, nil)
		if err != nil {
			return nil, err
		}
		defer r.close()
		if err = r.begin(ctx, tftp.Octet); err == nil {
			err = r.readTo(ctx, 0)
		}
		return r, err
	})
	if err != nil {
		return err
	}
	w.talk.tftp.plain = plain
	if !plain.peer.IsValid() || plain.trouble.kind == refusal && len(plain.blocks) == 0 {
		return blocked("%s", plain.trouble.what)
	}
	return nil
}

// newRead begins the record of one more transfer.
func (w *world) newRead(ctx context.Context, options []tftp.Option) (*tftpRead, error) {
	r, err := w.startRead(ctx, options)
	if err == nil {
		w.talk.tftp.reads = append(w.talk.tftp.reads, r)
		w.talk.tftp.asked = append(w.talk.tftp.asked, optionWords(options))
	}
	return r, err
}

// latest is the transfer that the scenario is about.
func (t *tftpTalk) latest() *tftpRead { return t.reads[len(t.reads)-1] }

// readTFTP reads the file to its end.
func (w *world) readTFTP(ctx context.Context, mode string, options []tftp.Option) error {
	r, err := w.newRead(ctx, options)
	if err != nil {
		return err
	}
	defer r.close()
	return w.readThrough(ctx, r, mode)
}

func readLingering(ctx context.Context) error {
	w := of(ctx)
	r, err := w.newRead(ctx, nil)
	if err != nil {
		return err
	}
	defer r.close()
	r.lingers = true
	return w.readThrough(ctx, r, tftp.Octet)
}

// afterwards is how long a rule listens for what must not come: longer than a packet
// takes, shorter than any server's time to send again.
const afterwards = 500 * time.Millisecond

func (w *world) readThrough(ctx context.Context, r *tftpRead, mode string) error {
	if err := r.begin(ctx, mode); err != nil {
		return err
	}
	if err := r.readTo(ctx, 0); err != nil {
		return err
	}
	if !r.whole {
		r.enough(r.peer)
	}
	if !r.whole || !r.lingers {
		return nil
	}
	var err error
	w.talk.tftp.after, err = r.listen(ctx, afterwards)
	return err
}

// beginTFTP takes the first answer, and ends the transfer.
func (w *world) beginTFTP(ctx context.Context, mode, options string) error {
	r, err := w.newRead(ctx, tftpOptions(options))
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.begin(ctx, mode); err != nil {
		return err
	}
	if r.trouble.kind != refusal {
		r.enough(r.peer)
	}
	return nil
}

func askWithEach(ctx context.Context, list string) error {
	for i, options := range strings.Split(list, `"`) {
		if i%2 == 0 {
			continue
		}
		if err := of(ctx).beginTFTP(ctx, tftp.Octet, options); err != nil {
			return err
		}
	}
	return nil
}

// twoBegin takes the first answers to two phones.
func twoBegin(ctx context.Context) error {
	w := of(ctx)
	first, err := w.newRead(ctx, nil)
	if err != nil {
		return err
	}
	defer first.close()
	if err := first.begin(ctx, tftp.Octet); err != nil {
		return err
	}
	defer first.enough(first.peer)
	return w.beginTFTP(ctx, tftp.Octet, "")
}

// breakOff ends a transfer after two blocks, and listens for longer than servers wait
// until they send again.
func breakOff(ctx context.Context) error {
	w := of(ctx)
	r, err := w.newRead(ctx, nil)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.begin(ctx, tftp.Octet); err != nil {
		return err
	}
	if err := r.readTo(ctx, 2); err != nil {
		return err
	}
	if err := r.blocked(); err != nil {
		return err
	}
	if err := r.send(tftp.AppendError(nil, tftp.DiskFull, tftp.DiskFull.String()), r.peer); err != nil {
		return err
	}
	w.talk.tftp.after, err = r.listen(ctx, sendAgain)
	return err
}

// sendAgain is longer than any known server waits until it sends again.
const sendAgain = 6 * time.Second

func refuseOptions(ctx context.Context) error {
	w := of(ctx)
	r, err := w.newRead(ctx, w.phoneOptions())
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.begin(ctx, tftp.Octet); err != nil {
		return err
	}
	if !r.oack {
		r.enough(r.peer)
		return nil // nothing was granted that could be refused
	}
	if err := r.send(tftp.AppendError(nil, tftp.OptionRefused, tftp.OptionRefused.String()), r.peer); err != nil {
		return err
	}
	w.talk.tftp.after, err = r.listen(ctx, sendAgain)
	return err
}

// besideAll runs the same for a number of phones at once.
func besideAll(n int, run func() error) error {
	errs := make([]error, n)
	var all side
	for i := range errs {
		all.Go(func() { errs[i] = run() })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func optionWords(options []tftp.Option) string {
	words := make([]string, len(options))
	for i, o := range options {
		words[i] = o.Name + "=" + o.Value
	}
	return strings.Join(words, " ")
}
