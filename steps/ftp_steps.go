package steps

import (
	"context"
	"net/netip"
	"slices"
)

// ftpTalk is what the rules about FTP look at.
type ftpTalk struct {
	greeting ftpReply
	login    ftpReply
	bare     string // the first reply with a line that ended without CR
	command  string
	reply    ftpReply // to command
	after    ftpReply // to a NOOP after that
	control  netip.Addr
	fetches  []*ftpFetch
}

// ftpSteps are those about FTP, reply by reply.
func ftpSteps(sc catalogue) {
	sc.When(`^a phone connects over FTP$`, connectFTP)
	sc.When(`^a phone logs in over FTP$`, logInFTP)
	sc.When(`^a phone that is logged in sends "([^"]*)" over FTP$`, commandFTP)
	sc.When(`^a phone fetches it over FTP$`, func(ctx context.Context) error { return of(ctx).fetchFTP(ctx, 1) })
	sc.When(`^a phone fetches it over FTP, and asks for PASV alone$`, fetchByPASV)
	sc.Then(`^it came over FTP by PASV$`, cameByPASV)
	sc.When(`^a phone fetches it three times in one FTP session$`, func(ctx context.Context) error { return of(ctx).fetchFTP(ctx, 3) })
	sc.When(`^a phone asks for a file that is missing, and then for it, in one FTP session$`, fetchAfterMiss)
	sc.When(`^a phone fetches it over FTP while another is logged in and says nothing$`, fetchBesideIdle)
	sc.When(`^a phone closes the data connection in the middle of a file of 33 MiB, and fetches it in the same FTP session$`,
		fetchAfterBreak)
	sc.Then(`^it is greeted with 220$`, isGreeted)
	sc.Then(`^the login is accepted$`, loginAccepted)
	sc.Then(`^it is answered by a reply of "(\d+)"$`, repliedWith)
	sc.Then(`^it is answered, and the session goes on$`, sessionGoesOn)
	sc.Then(`^each time it came over FTP$`, cameOverFTP)
	sc.Then(`^it came over FTP$`, cameOverFTP)
	sc.Then(`^every line of the replies ended with CR LF$`, repliesEnded)
	ftpFolderSteps(sc)
	ftpDataSteps(sc)
	ftpRobustSteps(sc)
}

func connectFTP(ctx context.Context) error {
	w := of(ctx)
	s, err := w.dialFTP(ctx, w.talk.file.url)
	if err != nil {
		return err
	}
	defer s.close()
	w.talk.ftp.greeting = s.greeting()
	s.send("QUIT")
	return nil
}

// isGreeted takes a server's right to be busy for a greeting (RFC 959 §5.4, 421).
func isGreeted(ctx context.Context) error {
	if r := of(ctx).talk.ftp.greeting; r.code != 220 && r.code != 421 {
		return violated("220 when a phone connects", "%s", r)
	}
	return nil
}

func logInFTP(ctx context.Context) error {
	w := of(ctx)
	t := &w.talk.ftp
	s, r, err := w.openFTP(ctx, w.talk.file.url)
	if err != nil {
		return err
	}
	t.login = r
	if s != nil {
		t.bare = s.bare
		s.send("QUIT")
		s.close()
	}
	return nil
}

func loginAccepted(ctx context.Context) error {
	switch r := of(ctx).talk.ftp.login; r.code {
	case 530, 332, 331:
		return violated("230 for the login", "%s", r)
	default:
		if r.kind() == 2 {
			return nil
		}
		return violated("a session", "%s", r)
	}
}

func repliesEnded(ctx context.Context) error {
	t := &of(ctx).talk.ftp
	switch {
	case t.login.kind() != 2:
		return blocked("there is no session: %s", t.login)
	case t.bare != "":
		return violated("CR LF at the end of each line of a reply", "a line of %q ended without CR", t.bare)
	}
	return nil
}

// session opens one, or says which rule's affair it is that there is none.
func (w *world) sessionFTP(ctx context.Context) (*ftpSession, error) {
	s, r, err := w.openFTP(ctx, w.talk.file.url)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, blocked("there is no session: %s", r)
	}
	w.talk.ftp.control = peerOf(s.conn.RemoteAddr()).Addr()
	return s, nil
}

func commandFTP(ctx context.Context, line string) error {
	w := of(ctx)
	t := &w.talk.ftp
	s, err := w.sessionFTP(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	t.command, t.reply = line, s.command(line)
	if line != "QUIT" && t.reply.trouble == "" {
		t.after = s.command("NOOP")
	}
	return nil
}

func repliedWith(ctx context.Context, code int) error {
	t := &of(ctx).talk.ftp
	if t.reply.code != code {
		return violated("the reply "+ftpReply{code: code}.String()+"to "+t.command, "%s", t.reply)
	}
	return nil
}

func sessionGoesOn(ctx context.Context) error {
	t := &of(ctx).talk.ftp
	switch {
	case t.reply.trouble != "":
		return violated("a reply to "+t.command, "%s", t.reply)
	case t.after.kind() != 2:
		return violated("a session that goes on after "+t.command, "after %s a NOOP is answered: %s", t.reply, t.after)
	}
	return nil
}

// fetchFTP gets the file a number of times in one session.
func (w *world) fetchFTP(ctx context.Context, times int) error {
	s, err := w.sessionFTP(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	for range times {
		f, err := s.fetch(ctx)
		if err != nil {
			return err
		}
		if f.binary.kind() != 2 {
			return blocked("%s", f)
		}
		w.talk.ftp.fetches = append(w.talk.ftp.fetches, f)
		if f.end.kind() != 2 {
			return nil
		}
	}
	s.send("QUIT")
	return nil
}

// cameOverFTP judges the last of several fetches. That the first one works is not its
// affair, and a server may end a session at any time, if it says so (421).
func cameOverFTP(ctx context.Context) error {
	w := of(ctx)
	t := &w.talk.ftp
	if len(t.fetches) == 1 {
		if err := w.comesOverFTP(ctx); err != nil {
			return err
		}
	}
	f := t.fetches[len(t.fetches)-1]
	switch {
	case f.whole(w.talk.file):
		return nil
	case len(t.fetches) > 1 && !t.fetches[0].whole(w.talk.file):
		return blocked("%s", t.fetches[0])
	case slices.Contains([]int{f.epsv.code, f.pasv.code, f.begin.code, f.end.code}, 421):
		return nil
	}
	return violated("the whole file", "%s", f)
}

// comesOverFTP returns an obstacle where the file does not come over a session of its
// own: other rules say so.
func (w *world) comesOverFTP(ctx context.Context) error {
	f, err := share(&w.suite.shared, "whether it comes over FTP: "+w.talk.file.url.Path, func() (*ftpFetch, error) {
		at := *w
		at.talk.events = nil
		s, r, err := at.openFTP(ctx, at.talk.file.url)
		if err != nil || s == nil {
			return &ftpFetch{login: r}, err
		}
		defer s.close()
		return s.fetch(ctx)
	})
	if err != nil {
		return err
	}
	if !f.whole(w.talk.file) {
		return blocked("%s", f)
	}
	return nil
}
