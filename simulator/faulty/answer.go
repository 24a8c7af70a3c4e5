package faulty

import (
	"io/fs"
	"net/netip"
	"path"
	"strings"
)

// request is what a phone asks for, over whatever protocol.
type request struct {
	scheme string
	name   string     // as it was asked for, URL escapes taken out
	raw    string     // as it came
	peer   netip.Addr // who asks
	agent  string     // HTTP's User-Agent
}

// reply is what becomes of a request. The zero value says that there is no such file.
type reply struct {
	found  bool
	body   []byte
	silent bool   // no answer at all
	code   int    // in the place of the protocol's own for a miss; 0: that
	coding string // HTTP's Content-Encoding
}

// answerer decides what is served.
type answerer func(request) reply

// miss says that there is no such file.
var miss = reply{}

func found(body []byte) reply { return reply{found: true, body: body} }

// fromTree is the answer that is right: the file of exactly this name.
func (s *Server) fromTree(r request) reply {
	name, ok := inside(r.name)
	if !ok {
		return miss
	}
	if body, ok := s.written.get(r.name); ok {
		return found(body)
	}
	body, err := fs.ReadFile(*s.tree.Load(), name)
	if err != nil {
		return miss
	}
	return found(body)
}

// inside turns a name as asked for into one within a tree. Doubled and leading slashes
// fall away; what climbs, or ends as a folder does, names nothing.
func inside(name string) (string, bool) {
	if strings.ContainsAny(name, "\x00\\") || strings.HasSuffix(name, "/") {
		return "", false
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == ".." {
			return "", false
		}
	}
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	return name, name != "" && fs.ValidPath(name)
}

// noTree is the tree without a file.
type noTree struct{}

// Open implements fs.FS.
func (noTree) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
