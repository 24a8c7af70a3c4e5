package device

// Over returns base with each option that b sets in the place of base's own: what is
// said of one phone counts more than what is said of all.
func (b Behaviour) Over(base Behaviour) Behaviour {
	for _, o := range options {
		if own := o.field(&b); !own.unset() {
			if err := o.field(&base).set(own.String()); err != nil {
				panic("device: option " + o.Name + " cannot be set to what it is: " + err.Error())
			}
		}
	}
	return base
}
