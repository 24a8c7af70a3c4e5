package testbed

import (
	"context"
	"os/exec"
	"syscall"
)

// child is a program that runs in the background. It ends at the latest with the test
// process, also when that is killed.
type child struct {
	cmd  *exec.Cmd
	gone chan struct{} // closed when it has ended
	err  error         // how it ended; set before gone is closed
}

// command is ns.Command for a program that Cleanup ends, not the end of the test's
// context: other clean-up may still need it.
func (tb *Testbed) command(ns *Namespace, name string, args ...string) *exec.Cmd {
	return ns.Command(context.WithoutCancel(tb.t.Context()), name, args...)
}

// launch starts cmd. Whoever calls it sees to it that kill is called in the end.
func (tb *Testbed) launch(cmd *exec.Cmd) *child {
	tb.t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	endWithUs(cmd.SysProcAttr)
	c := &child{cmd: cmd, gone: make(chan struct{})}
	started := make(chan error)
	go onThread(func() { // the parent-death signal is that of this thread
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.gone)
		}
	})
	tb.must(<-started, "start "+cmd.Path)
	return c
}

// kill ends the program, if it runs still, and returns when it has ended.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // the error is that it has ended already
	<-c.gone
}
