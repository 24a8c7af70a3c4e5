package trace

// Name returns the word for a tone where there are no terminal colours: plain, good,
// odd, bad or faint.
func (t Tone) Name() string {
	switch t {
	case good:
		return "good"
	case odd:
		return "odd"
	case bad:
		return "bad"
	case faint:
		return "faint"
	default:
		return "plain"
	}
}
