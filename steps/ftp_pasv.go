package steps

import "context"

// fetchByPASV fetches as a phone does that is older than EPSV, where one of today gets
// the file.
func fetchByPASV(ctx context.Context) error {
	w := of(ctx)
	if err := w.comesOverFTP(ctx); err != nil {
		return err
	}
	s, err := w.sessionFTP(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	s.pasvAlone = true
	return w.fetchOn(ctx, s)
}

func cameByPASV(ctx context.Context) error {
	w := of(ctx)
	if f := w.talk.ftp.fetches[0]; !f.whole(w.talk.file) {
		return violated("the file over the data connection that PASV names", "%s", f)
	}
	return nil
}
