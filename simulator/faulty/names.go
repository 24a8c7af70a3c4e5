package faulty

import (
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// renaming looks up another name in the place of the one that was asked for.
func renaming(change func(string) string) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			r.name = change(r.name)
			return next(r)
		}
	})
}

// missing says of the files that which chooses that they are not there.
func missing(which selector) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			if which(r.name) {
				return miss
			}
			return next(r)
		}
	})
}

func refusing(part string) func(*behaviour) {
	return missing(func(name string) bool { return strings.Contains(name, part) })
}

func refusingAbove(b *behaviour) {
	missing(func(name string) bool {
		return strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0
	})(b)
}

// refusingDepth refuses names that are so many folders below the one that is published.
func refusingDepth(n int) func(*behaviour) {
	return missing(func(name string) bool { return strings.Count(strings.Trim(name, "/"), "/") >= n })
}

func ending(end string) func(*behaviour) {
	return missing(func(name string) bool { return strings.HasSuffix(name, end) && macFor(name) })
}

// macFor reports whether a name is that of a certain phone.
func macFor(name string) bool { return macIn(name) != "" && macIn(name) != "000000000000" }

func misprint(b *behaviour) {
	missing(func(name string) bool { return strings.HasSuffix(name, "y000000000000.boot") })(b)
}

func misprintCfg(b *behaviour) {
	missing(func(name string) bool { return strings.HasSuffix(name, "y000000000000.cfg") })(b)
}

// listedOnly serves no cfg file of a free name.
func listedOnly(b *behaviour) {
	missing(func(name string) bool { return cfg(name) && !strings.Contains(name, "0000") && macIn(name) == "" })(b)
}

func endingsOnly(b *behaviour) {
	missing(func(name string) bool { return !text(name) && !strings.Contains(name, "size-") && path.Ext(name) != "" })(b)
}

func cutAtSpace(name string) string {
	before, _, _ := strings.Cut(name, " ")
	return before
}

func cutFolderAtSpace(name string) string {
	at := strings.LastIndexByte(name, '/')
	if at < 0 {
		return name
	}
	return cutAtSpace(name[:at]) + name[at:]
}

func cutAt1(mark string) func(string) string {
	return func(name string) string {
		before, _, _ := strings.Cut(name, mark)
		return before
	}
}

func cutAt128(name string) string { return name[:min(len(name), 128)] }

func decodeAgain(name string) string {
	if again, err := url.PathUnescape(name); err == nil {
		return again
	}
	return name
}

func mangle(name string) string { return string(fromLatin1([]byte(name))) }

func plusToSpace(name string) string { return strings.ReplaceAll(name, "+", " ") }

func lower(name string) string { return strings.ToLower(name) }

func upperMAC(name string) string {
	if !cfg(name) {
		return name
	}
	return macPattern.ReplaceAllStringFunc(name, strings.ToUpper)
}

// bareMAC serves the cfg file of a phone for its MAC alone.
func bareMAC(b *behaviour) {
	renaming(func(name string) string {
		if last := path.Base(name); len(last) == 12 && macIn(last) == last {
			return name + ".cfg"
		}
		return name
	})(b)
}

// within serves what a search of the folder finds, where the file itself is not there.
func within(search func(r request, names []string) string) func(s *Server, next answerer) answerer {
	return func(s *Server, next answerer) answerer {
		return func(r request) reply {
			right := next(r)
			name, ok := inside(r.name)
			if right.found || !ok {
				return right
			}
			entries, err := fs.ReadDir(*s.tree.Load(), path.Dir(name))
			if err != nil {
				return right
			}
			var names []string
			for _, e := range entries {
				names = append(names, e.Name())
			}
			if other := search(r, names); other != "" {
				r.name = path.Join(path.Dir(name), other)
				return next(r)
			}
			return right
		}
	}
}

// nearest serves the file of another phone to one that has none.
func nearest(which selector) func(*behaviour) {
	return func(b *behaviour) {
		b.search = within(func(r request, names []string) string {
			if !which(r.name) || !macFor(r.name) {
				return ""
			}
			i := slices.IndexFunc(names, func(n string) bool { return which(n) && macFor(n) })
			if i < 0 {
				return ""
			}
			return names[i]
		})
	}
}

func foldsCase(b *behaviour) {
	b.search = within(func(r request, names []string) string {
		i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, path.Base(r.name)) })
		if i < 0 {
			return ""
		}
		return names[i]
	})
}

// alwaysCommon serves the common boot file in the place of a phone's own.
func alwaysCommon(b *behaviour) {
	answering(func(next answerer) answerer {
		return func(r request) reply {
			if boot(r.name) && macFor(r.name) {
				common := r
				common.name = path.Join(path.Dir(r.name), "y000000000000.boot")
				if right := next(common); right.found {
					return right
				}
			}
			return next(r)
		}
	})(b)
}

// flatSecond looks in the folder above first.
func flatSecond(b *behaviour) {
	answering(func(next answerer) answerer {
		return func(r request) reply {
			if folder(r.name) && macFor(r.name) {
				above := r
				above.name = path.Join(path.Dir(path.Dir(r.name)), path.Base(r.name))
				if right := next(above); right.found {
					return right
				}
			}
			return next(r)
		}
	})(b)
}
