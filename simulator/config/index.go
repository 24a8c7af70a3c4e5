package config

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// seed makes one process's hashes unlike another's; nothing that is seen depends on it.
var seed = maphash.MakeSeed()

// index is what is known of a file's keys and their lines, whatever the values are.
// Files that a server renders from one template share it. What is seldom asked for is
// found out when it is.
type index struct {
	// table is an open-addressing hash table from a key to its last entry, plus one; 0 is
	// an empty slot. Four bytes a slot, at most half of them used.
	table []int32
	heads []int32 // the last entry of each key, in the order of their lines

	sorting sync.Once
	byKey   []int32 // heads, sorted by key

	noting   sync.Once
	known    []knownHead   // heads of which known.yaml says something
	accounts []accountHead // heads of keys like account.1.label

	shaping sync.Once
	shape   uint64
}

// knownHead is a key of known.yaml.
type knownHead struct {
	head  int32
	known known
}

// accountHead is a key that belongs to an account.
type accountHead struct {
	head    int32
	account int
}

// buildIndex fills Cfg.index.
func (c *Cfg) buildIndex() {
	c.index = new(index)
	if len(c.entries) == 0 {
		return
	}
	c.index.table = make([]int32, 2<<bits.Len(uint(len(c.entries)-1)))
	covered := make([]bool, len(c.entries))
	keys := len(c.entries)
	for i := range c.entries {
		slot := c.slot(c.slice(c.entries[i].key))
		if above := *slot - 1; above >= 0 {
			covered[above] = true
			keys--
		}
		c.entries[i].prev = *slot - 1
		*slot = int32(i + 1)
	}
	c.index.heads = make([]int32, 0, keys)
	for i, is := range covered {
		if !is {
			c.index.heads = append(c.index.heads, int32(i))
		}
	}
}

// slot returns the slot that holds key, or the empty one where it would go.
func (c *Cfg) slot(key string) *int32 {
	table := c.index.table
	mask := uint64(len(table) - 1)
	for at := maphash.String(seed, key) & mask; ; at = (at + 1) & mask {
		i := table[at]
		if i == 0 || c.slice(c.entries[i-1].key) == key {
			return &table[at]
		}
	}
}

// last returns the last entry with this key, -1 where there is none.
func (c *Cfg) last(key string) int {
	if c.index == nil || len(c.index.table) == 0 {
		return -1
	}
	return int(*c.slot(key)) - 1
}

// Has reports whether a line of the file names key, with a value or without.
func (c *Cfg) Has(key string) bool { return c.last(key) >= 0 }

// heads returns the last entry of each key, in the order of their lines.
func (c *Cfg) heads() []int32 {
	if c.index == nil {
		return nil
	}
	return c.index.heads
}

// key returns the key of entry i.
func (c *Cfg) key(i int32) string { return c.slice(c.entries[i].key) }

// byKey returns the last entry of each key, sorted by key.
func (c *Cfg) byKey() []int32 {
	x := c.index
	if x == nil {
		return nil
	}
	x.sorting.Do(func() {
		x.byKey = slices.Clone(x.heads)
		slices.SortFunc(x.byKey, func(a, b int32) int { return strings.Compare(c.key(a), c.key(b)) })
	})
	return x.byKey
}

// notable returns the keys that a phone acts on.
func (c *Cfg) notable() ([]knownHead, []accountHead) {
	x := c.index
	if x == nil {
		return nil, nil
	}
	x.noting.Do(func() {
		for _, head := range x.heads {
			key := c.key(head)
			if k := knownOf(key); k.Key != "" {
				k.Key = strings.Clone(k.Key) // not the whole text
				x.known = append(x.known, knownHead{head, k})
			}
			if n, ok := accountIndex(key); ok {
				x.accounts = append(x.accounts, accountHead{head, n})
			}
		}
	})
	return x.known, x.accounts
}

// Shape is a hash of the keys of c and their lines: two Cfgs with the same Shape can
// most likely be held one Against the other. It differs between processes.
func (c *Cfg) Shape() uint64 {
	x := c.index
	if x == nil {
		return 0
	}
	x.shaping.Do(func() {
		var hash maphash.Hash
		hash.SetSeed(seed)
		for i := range c.entries {
			_, _ = hash.WriteString(c.slice(c.entries[i].key)) // never fails
			line := c.entries[i].line
			_, _ = hash.Write([]byte{0, byte(line), byte(line >> 8), byte(line >> 16), byte(line >> 24)})
		}
		x.shape = hash.Sum64()
	})
	return x.shape
}
