// Command render is a small provisioning server: it makes each phone's cfg file from a
// SQLite database when the phone asks for it. It is an example of a server that cannot
// publish files of ours: fipsim judges it by a roster, phones that are created in it.
//
//	render --db phones.db --listen 127.0.0.1:8090    serve
//	render --db phones.db create                     create the phones of $FIPSIM_ROSTER
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	_ "modernc.org/sqlite" // pure Go: no C compiler, one static binary
)

const schema = `
CREATE TABLE IF NOT EXISTS accounts (
	mac TEXT NOT NULL, position INTEGER NOT NULL, label TEXT NOT NULL, display_name TEXT NOT NULL,
	user TEXT NOT NULL, auth_name TEXT NOT NULL, password TEXT NOT NULL, server TEXT NOT NULL, port INTEGER NOT NULL,
	PRIMARY KEY (mac, position)
)`

func main() {
	db := flag.String("db", "phones.db", "the database")
	listen := flag.String("listen", "127.0.0.1:8090", "where to serve")
	flag.Parse()
	if err := run(*db, *listen, flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

func run(path, listen, verb string) error {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec(schema); err != nil {
		return err
	}
	switch verb {
	case "create":
		return create(db, os.Getenv("FIPSIM_ROSTER"))
	case "":
		return serve(db, listen)
	}
	return fmt.Errorf("unknown verb %q: there is create", verb)
}

// serve serves until Ctrl-C.
func serve(db *sql.DB, listen string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := &http.Server{Addr: listen, Handler: handler(db), ReadHeaderTimeout: 10 * time.Second}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	log.Printf("serving at http://%s/", l.Addr())
	context.AfterFunc(ctx, func() { _ = s.Close() }) // Serve returns why
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// roster is what fipsim wants created (docs/target.md, "roster").
type roster struct {
	Version int
	Phones  []struct {
		MAC      string
		Accounts []account
	}
}

type account struct {
	Index       int
	Label       string
	DisplayName string `json:"display_name"`
	User        string
	AuthName    string `json:"auth_name"`
	Password    string
	Server      string
	Port        int
}

// create puts the roster's phones into the database. It may come again with the same
// phones and other settings.
func create(db *sql.DB, file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var r roster
	if err := json.Unmarshal(body, &r); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if r.Version != 1 {
		return fmt.Errorf("%s: a roster of version %d, I know 1", file, r.Version)
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	for _, p := range r.Phones {
		if _, err := tx.Exec(`DELETE FROM accounts WHERE mac = ?`, p.MAC); err != nil {
			return err
		}
		for _, a := range p.Accounts {
			_, err := tx.Exec(`INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				p.MAC, a.Index, a.Label, a.DisplayName, a.User, a.AuthName, a.Password, a.Server, a.Port)
			if err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
