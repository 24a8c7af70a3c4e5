package config

import (
	"hash/maphash"
	"iter"
	"math/bits"
)

// seed makes one process's hashes unlike another's; nothing that is seen depends on it.
var seed = maphash.MakeSeed()

// buildIndex fills Cfg.table: an open-addressing hash table from a key to its last
// entry, plus one; 0 is an empty slot. Four bytes a slot, at most half of them used.
func (c *Cfg) buildIndex() {
	if len(c.entries) == 0 {
		return
	}
	c.table = make([]int32, 2<<bits.Len(uint(len(c.entries)-1)))
	for i := range c.entries {
		slot := c.slot(c.slice(c.entries[i].key))
		c.entries[i].prev = *slot - 1
		*slot = int32(i + 1)
	}
}

// slot returns the slot that holds key, or the empty one where it would go.
func (c *Cfg) slot(key string) *int32 {
	mask := uint64(len(c.table) - 1)
	for at := maphash.String(seed, key) & mask; ; at = (at + 1) & mask {
		i := c.table[at]
		if i == 0 || c.slice(c.entries[i-1].key) == key {
			return &c.table[at]
		}
	}
}

// last returns the last entry with this key, -1 where there is none.
func (c *Cfg) last(key string) int {
	if len(c.table) == 0 {
		return -1
	}
	return int(*c.slot(key)) - 1
}

// heads yields the last entry of each key, in the order of their lines.
func (c *Cfg) heads() iter.Seq[int] {
	return func(yield func(int) bool) {
		covered := make([]bool, len(c.entries))
		for i := len(c.entries) - 1; i >= 0; i-- {
			if p := c.entries[i].prev; p >= 0 {
				covered[p] = true
			}
		}
		for i := range c.entries {
			if !covered[i] && !yield(i) {
				return
			}
		}
	}
}

// shape is the hash behind Cfg.Shape.
type shape struct{ hash maphash.Hash }

func newShape() *shape {
	s := new(shape)
	s.hash.SetSeed(seed)
	return s
}

func (s *shape) add(key string, line int32) {
	_, _ = s.hash.WriteString(key) // never fails
	_, _ = s.hash.Write([]byte{0, byte(line), byte(line >> 8), byte(line >> 16), byte(line >> 24)})
}

func (s *shape) sum() uint64 { return s.hash.Sum64() }
