package steps

import (
	"context"
	"path"
	"strconv"
	"strings"
	"time"
)

// ftpFolderSteps judge what clients ask that are not content with RETR and a path: of the
// folder, of the size, and of when a transfer is complete.
func ftpFolderSteps(sc catalogue) {
	sc.When(`^a phone changes into its folder over FTP, and fetches it by its name$`, func(ctx context.Context) error {
		return of(ctx).fetchInFolder(ctx, func() error { return nil })
	})
	sc.When(`^a phone changes into its folder over FTP, and another session asks for TYPE A and another folder$`, fetchBesideOther)
	sc.When(`^a phone that is logged in asks for its size over FTP$`, askSize)
	sc.Then(`^the size that was told over FTP is that of the file$`, sizeIsRight)
	sc.When(`^a phone begins to fetch it over FTP, and reads none of it$`, fetchUnread)
	sc.Then(`^no reply tells that the transfer is complete$`, notComplete)
}

// fetchInFolder changes into each folder of the file's path, lets something happen, and
// asks for the name alone.
func (w *world) fetchInFolder(ctx context.Context, between func() error) error {
	s, err := w.sessionFTP(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if s.binary = s.command("TYPE I"); s.binary.kind() != 2 {
		return blocked("to TYPE I: %s", s.binary)
	}
	folder, name := path.Split(s.path())
	for _, element := range strings.Split(strings.Trim(folder, "/"), "/") {
		if element == "" {
			continue
		}
		if r := s.command("CWD " + element); r.kind() != 2 {
			w.talk.ftp.fetches = append(w.talk.ftp.fetches, &ftpFetch{folder: r})
			return nil
		}
	}
	if err := between(); err != nil {
		return err
	}
	s.name = name
	return w.fetchOn(ctx, s)
}

// fetchBesideOther fetches the file in a session whose type and folder another session
// does not share. What fails without the other one is another rule's affair.
func fetchBesideOther(ctx context.Context) error {
	w := of(ctx)
	alone := *w
	alone.talk.events, alone.talk.ftp = nil, ftpTalk{}
	if err := alone.fetchInFolder(ctx, func() error { return nil }); err != nil {
		return err
	}
	if f := alone.talk.ftp.fetches[0]; !f.whole(w.talk.file) {
		return blocked("%s", f)
	}
	return w.fetchInFolder(ctx, func() error {
		other, err := w.sessionFTP(ctx)
		if err != nil {
			return err
		}
		defer other.close()
		other.command("TYPE A")
		other.command("CWD /")
		return nil
	})
}

func askSize(ctx context.Context) error {
	w := of(ctx)
	if err := w.comesOverFTP(ctx); err != nil {
		return err
	}
	s, err := w.sessionFTP(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if s.binary = s.command("TYPE I"); s.binary.kind() != 2 {
		return blocked("to TYPE I: %s", s.binary)
	}
	w.talk.ftp.command = "SIZE"
	w.talk.ftp.reply = s.command("SIZE " + s.path())
	return nil
}

// sizeIsRight judges a size that is told. SIZE need not be known: RFC 3659 came late.
func sizeIsRight(ctx context.Context) error {
	w := of(ctx)
	r := w.talk.ftp.reply
	if r.code != 213 {
		return nil
	}
	want := strconv.Itoa(len(w.talk.file.body))
	if got := strings.TrimSpace(r.text); got != want {
		return violated("213 "+want, "%s", r)
	}
	return nil
}

// fetchUnread asks for a file that is more than sockets hold, and looks for replies while
// nothing of it is read.
func fetchUnread(ctx context.Context) error {
	w := of(ctx)
	s, err := w.sessionFTP(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	f := new(ftpFetch)
	data, err := s.passive(ctx, f)
	if err != nil {
		return err
	}
	if data == nil {
		return blocked("%s", f)
	}
	defer data.Close()
	if f.begin = s.command("RETR " + s.path()); f.begin.kind() != 1 {
		return blocked("%s", f)
	}
	s.wait = time.Second
	f.end = s.reply()
	w.talk.ftp.fetches = append(w.talk.ftp.fetches, f)
	return nil
}

func notComplete(ctx context.Context) error {
	if f := of(ctx).talk.ftp.fetches[0]; f.end.kind() == 2 {
		return violated("no reply before the file has been sent", "%s came, while 33 MiB wait to be read", f.end)
	}
	return nil
}
