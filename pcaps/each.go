package pcaps

// Each calls f for each phone, in the order of Phones, until f returns an error, which it
// returns. The Events and Files of a lean capture's phone are there only for that time.
func (c *Capture) Each(f func(*Phone) error) error {
	var events []Event
	var files []File
	for _, p := range c.Phones {
		if p.pack == nil {
			if err := f(p); err != nil {
				return err
			}
			continue
		}
		events, files = p.unpack(events[:0], files[:0])
		p.Events, p.Files = events, files
		for _, l := range p.logs {
			p.beside(l)
		}
		err := f(p)
		p.Events, p.Files = nil, nil
		if err != nil {
			return err
		}
	}
	return nil
}

// first is the frame of the first event.
func (p *Phone) first() int {
	if len(p.Events) == 0 {
		return 0
	}
	return p.Events[0].Frame
}
