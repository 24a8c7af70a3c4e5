package main

import (
	"fmt"
	"os"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// pcapDiffCmd is `fipsim pcap diff`.
type pcapDiffCmd struct {
	A string `arg:"" help:"A capture, or a trace that fipsim phone --trace wrote; - is standard input."`
	B string `arg:"" help:"The other one."`
}

// Run compares what the two tell as behaviour.
func (c *pcapDiffCmd) Run(a *app) error {
	if c.A == "-" && c.B == "-" {
		return verdict.Usagef("only one of the two can be standard input")
	}
	first, err := openBehaviour(a, c.A)
	if err != nil {
		return err
	}
	second, err := openBehaviour(a, c.B)
	if err != nil {
		return err
	}
	for _, side := range []*pcaps.Behaviour{first, second} {
		if len(side.Phones) == 0 {
			return &verdict.Error{Err: fmt.Errorf("%s: no phone in it", side.Name)}
		}
	}
	all := pcaps.Diff(first, second)
	if err := pcaps.WriteDiff(a.stdout, first, second, all); err != nil {
		return err
	}
	if len(all) > 0 {
		return &verdict.Fail{Err: errTold}
	}
	return nil
}

func openBehaviour(a *app, name string) (*pcaps.Behaviour, error) {
	in := a.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, &verdict.Usage{Err: err}
		}
		defer file.Close()
		in = file
	}
	b, err := pcaps.ReadBehaviour(name, in)
	if err != nil {
		return nil, &verdict.Usage{Err: err}
	}
	return b, nil
}
