package steps

import (
	"context"
	"strings"
)

// goesOnFTP returns an obstacle where a session does not serve even two files in a row:
// FIP-FTP-006 says so.
func (w *world) goesOnFTP(ctx context.Context) error {
	second, err := share(&w.suite.shared, "whether a second file comes over FTP: "+w.talk.file.url.Path, func() (*ftpFetch, error) {
		at := *w
		at.talk.events = nil
		s, r, err := at.openFTP(ctx, at.talk.file.url)
		if err != nil || s == nil {
			return &ftpFetch{login: r}, err
		}
		defer s.close()
		if f, err := s.fetch(ctx); err != nil || !f.whole(at.talk.file) {
			return f, err
		}
		return s.fetch(ctx)
	})
	if err == nil && !second.whole(w.talk.file) {
		err = blocked("of two files in one session the second does not come: %s", second)
	}
	return err
}

func fetchAfterMiss(ctx context.Context) error {
	w := of(ctx)
	if err := w.goesOnFTP(ctx); err != nil {
		return err
	}
	s, err := w.sessionFTP(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	there := w.talk.file
	w.talk.file.url = there.url.JoinPath("../fipsim-there-is-no-such-file.cfg")
	missed, err := s.fetch(ctx)
	w.talk.file = there
	if err != nil {
		return err
	}
	if missed.begin.kind() == 1 {
		return blocked("a missing file came: %s", missed)
	}
	return w.fetchOn(ctx, s)
}

// fetchOn gets the file over a session that has seen something before.
func (w *world) fetchOn(ctx context.Context, s *ftpSession) error {
	f, err := s.fetch(ctx)
	w.talk.ftp.fetches = append(w.talk.ftp.fetches, f)
	return err
}

func fetchBesideIdle(ctx context.Context) error {
	w := of(ctx)
	idle, err := w.sessionFTP(ctx)
	if err != nil {
		return err
	}
	defer idle.close()
	s, r, err := w.openFTP(ctx, w.talk.file.url)
	if err != nil {
		return err
	}
	if s == nil {
		w.talk.ftp.fetches = append(w.talk.ftp.fetches, &ftpFetch{login: r})
		return nil
	}
	defer s.close()
	return w.fetchOn(ctx, s)
}

// fetchAfterBreak closes a data connection early, and waits for the reply that tells so.
func fetchAfterBreak(ctx context.Context) error {
	w := of(ctx)
	if err := w.goesOnFTP(ctx); err != nil {
		return err
	}
	broken, err := w.breakOffIn(ctx, 1)
	if err == nil && broken[0].end.trouble != "" {
		broken, err = w.breakOffIn(ctx, breakTries-1)
	}
	if err != nil {
		return err
	}
	for _, f := range broken {
		if f.end.trouble == "" {
			return nil // and what came after it is told
		}
	}
	w.talk.ftp.fetches = append(w.talk.ftp.fetches, broken[0])
	return nil
}

// breakTries is in how many sessions a transfer is broken off before a server is said
// not to answer: some notice it only now and then, and a phone that has a new session for
// each pass suffers from those that never do.
const breakTries = 8

// breakOffIn breaks off a transfer in n sessions at once. In the first one that is
// answered, the file is fetched.
func (w *world) breakOffIn(ctx context.Context, n int) ([]*ftpFetch, error) {
	big, err := w.bigFile(ctx)
	if err != nil {
		return nil, err
	}
	broken, errs := make([]*ftpFetch, n), make([]error, n)
	var sessions []*ftpSession
	defer func() {
		for _, s := range sessions {
			s.close()
		}
	}()
	for range n {
		s, err := w.sessionFTP(ctx)
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, s)
	}
	var all side
	for i, s := range sessions {
		all.Go(func() { broken[i], errs[i] = s.breakOff(ctx, big) })
	}
	all.Wait()
	for i, f := range broken {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if f.end.trouble == "" {
			return broken, w.fetchOn(ctx, sessions[i])
		}
	}
	return broken, nil
}

// breakOff begins to fetch a file that is more than sockets hold, and closes the data
// connection.
func (s *ftpSession) breakOff(ctx context.Context, big served) (*ftpFetch, error) {
	f := new(ftpFetch)
	data, err := s.passive(ctx, f)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, blocked("%s", f)
	}
	defer data.Close()
	if f.begin = s.command("RETR " + strings.TrimPrefix(big.url.Path, "/")); f.begin.kind() != 1 {
		return nil, blocked("%s", f)
	}
	const some = 64 << 10
	if err := s.receive(ctx, f, data, some); err != nil {
		return nil, err
	}
	data.Close()
	f.end = s.reply()
	return f, nil
}
