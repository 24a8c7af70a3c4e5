package main

import (
	"database/sql"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// own is the name of a phone's own cfg file: <mac>.cfg.
var own = regexp.MustCompile(`^/([0-9a-f]{12})\.cfg$`)

// handler serves <mac>.cfg for each phone of the database, and 404 for everything else:
// a phone that gets a page in the place of a file takes it for settings.
func handler(db *sql.DB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := own.FindStringSubmatch(r.URL.Path)
		if name == nil {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		text, err := cfg(db, name[1])
		switch {
		case err != nil:
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable) // the phone comes again
		case text == "":
			http.NotFound(w, r)
		default:
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Content-Length", fmt.Sprint(len(text)))
			_, _ = w.Write([]byte(text)) // the phone went away: nobody to tell
		}
	})
}

// cfg is the file of a phone; "" if nobody has it.
func cfg(db *sql.DB, mac string) (string, error) {
	rows, err := db.Query(`SELECT position, label, display_name, user, auth_name, password, server, port
		FROM accounts WHERE mac = ? ORDER BY position`, mac)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var a account
		if err := rows.Scan(&a.Index, &a.Label, &a.DisplayName, &a.User, &a.AuthName, &a.Password, &a.Server, &a.Port); err != nil {
			return "", err
		}
		set := func(key string, value any) { fmt.Fprintf(&b, "account.%d.%s = %v\n", a.Index, key, value) }
		set("enable", 1)
		set("label", a.Label)
		set("display_name", a.DisplayName)
		set("user_name", a.User)
		set("auth_name", a.AuthName)
		set("password", a.Password)
		set("sip_server.1.address", a.Server)
		set("sip_server.1.port", a.Port)
	}
	return b.String(), rows.Err()
}
