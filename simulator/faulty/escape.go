package faulty

import (
	"net/url"
	"path"
	"strings"
)

// machine is what is on the machine of a faulty server beside the folder that it serves.
var machine = map[string]string{
	"/etc/passwd":      "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n",
	"/etc/hosts":       "127.0.0.1 localhost\n",
	"/windows/win.ini": "; for 16-bit app support\r\n[fonts]\r\n[extensions]\r\n",
}

// docroot is where the folder that is served is on that machine.
const docroot = "/srv/provisioning"

// escaping serves the machine's files where resolve leads out of the folder.
func escaping(resolve func(r request) string) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			right := next(r)
			if right.found {
				return right
			}
			if body, ok := machine[strings.ToLower(resolve(r))]; ok {
				return found([]byte(body))
			}
			return right
		}
	})
}

// climb joins the name to the folder. Over HTTP it is decoded before, as it must be.
func climb(r request) string { return path.Join(docroot, decoded(r)) }

// absolute takes a name that begins with a slash for the machine's. Over HTTP every
// name does.
func absolute(r request) string {
	name := r.raw
	_, rest, drive := strings.Cut(name, ":")
	if drive {
		name = rest
	}
	if !strings.HasPrefix(name, "/") {
		return ""
	}
	return path.Clean(name)
}

// climbDecoded refuses two dots, and decodes afterwards.
func climbDecoded(r request) string {
	if strings.Contains(r.raw, "../") {
		return ""
	}
	return path.Join(docroot, unescaped(r.raw))
}

func climbDecodedTwice(r request) string {
	once := decoded(r)
	if strings.Contains(once, "..") {
		return ""
	}
	return path.Join(docroot, unescaped(once))
}

func climbBackslash(r request) string {
	name := decoded(r)
	if !strings.Contains(name, `\`) || strings.Contains(name, "../") {
		return ""
	}
	return path.Join(docroot, strings.ReplaceAll(name, `\`, "/"))
}

// decoded is the name as the protocol means it.
func decoded(r request) string {
	if r.scheme == "http" || r.scheme == "https" {
		return unescaped(r.raw)
	}
	return r.raw
}

func unescaped(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}
