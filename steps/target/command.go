package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// Bounds on a user's program.
const (
	commandTime = 5 * time.Minute
	mostOutput  = 1 << 20 // bytes
)

// run runs a user's program in the target file's folder, with variables more in its
// environment, and returns what it printed. Its error is a *verdict.Error with the end of
// what it complained of.
func (s *site) run(ctx context.Context, argv, variables []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = s.file.Dir
	cmd.Env = append(cmd.Environ(), variables...)
	cmd.WaitDelay = 10 * time.Second // for what it left behind to close its output
	var out, complaint limited
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if s.options.Stderr != nil {
		cmd.Stderr = io.MultiWriter(&complaint, s.options.Stderr)
	}
	err := cmd.Run()
	switch {
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("not done after %s", commandTime)
	case err == nil:
		return out.String(), nil
	}
	text := strings.TrimSpace(complaint.String())
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	if text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return "", &verdict.Error{Err: fmt.Errorf("%s: %w", argv[0], err)}
}

// limited keeps the beginning of what is written to it.
type limited struct{ bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(b []byte) (int, error) {
	if room := mostOutput - l.Len(); room > 0 {
		l.Buffer.Write(b[:min(len(b), room)])
	}
	return len(b), nil
}

// Notify implements scenarios.Notifier by the user's program: it gets $FIPSIM_MAC,
// $FIPSIM_ADDRESS (host:port where the phone listens) and $FIPSIM_REBOOT (true or
// false).
func (s *site) Notify(ctx context.Context, phone device.MAC, at string, reboot bool) error {
	if len(s.file.Notify) == 0 {
		return &verdict.Error{Err: errors.New("the target has no notify command")}
	}
	_, err := s.run(ctx, s.file.Notify, []string{
		"FIPSIM_MAC=" + phone.String(), "FIPSIM_ADDRESS=" + at, fmt.Sprintf("FIPSIM_REBOOT=%t", reboot),
	})
	return err
}
