package steps

import (
	"context"
	"strings"
)

// ftpDataSteps judge data connections, each step of a transfer for itself.
func ftpDataSteps(sc catalogue) {
	sc.Then(`^a port was named for the data connection$`, portNamed)
	sc.Then(`^the reply names a port as RFC 2428 has it, or refuses$`, epsvInForm)
	sc.Then(`^the data connection was opened at the port that was named$`, dataOpened)
	sc.Then(`^the reply names the address that the phone is connected to, or refuses$`, pasvNamesServer)
	sc.Then(`^its transfer began with 125 or 150$`, beganInForm)
	sc.Then(`^the server closed the data connection after the last byte$`, dataEnded)
	sc.Then(`^its transfer ended with 226 or 250$`, endedInForm)
	sc.When(`^a phone fetches it over FTP with TLS$`, fetchFTPS)
	sc.Then(`^it came over FTP, or TLS is not offered$`, cameOverFTPS)
}

func portNamed(ctx context.Context) error {
	f := of(ctx).talk.ftp.fetches[0]
	switch {
	case f.port != 0:
		return nil
	case f.epsv.trouble != "":
		return violated("a reply to EPSV", "%s", f.epsv)
	}
	return violated("229 for EPSV, or 227 for PASV, with a port", "to EPSV: %s; to PASV: %s", f.epsv, f.pasv)
}

func epsvInForm(ctx context.Context) error {
	r := of(ctx).talk.ftp.reply
	switch {
	case r.trouble != "", r.code == 229 && epsvPort(r.text) == 0:
		return violated("229 and (|||PORT|), or a refusal", "%s", r)
	case r.code != 229 && r.kind() != 4 && r.kind() != 5:
		return violated("229, or a refusal", "%s", r)
	}
	return nil
}

func dataOpened(ctx context.Context) error {
	f := of(ctx).talk.ftp.fetches[0]
	switch {
	case f.port == 0:
		return blocked("%s", f)
	case !f.opened:
		return violated("a data connection at the port that the server named", "%s", f.dialled)
	}
	return nil
}

func pasvNamesServer(ctx context.Context) error {
	t := &of(ctx).talk.ftp
	r := t.reply
	at := pasvAddress(r)
	switch {
	case r.trouble != "":
		return violated("a reply to PASV", "%s", r)
	case r.kind() != 2: // refused, in favour of EPSV
		return nil
	case !at.IsValid():
		return violated("227 and (h1,h2,h3,h4,p1,p2)", "%s", r)
	case t.control.Is4() && at.Addr() != t.control:
		return violated("the address "+t.control.String()+" in the reply to PASV", "%s", r)
	}
	return nil
}

func beganInForm(ctx context.Context) error {
	f := of(ctx).talk.ftp.fetches[0]
	switch {
	case !f.opened, f.begin.kind() == 4, f.begin.kind() == 5:
		return blocked("%s", f)
	case f.begin.code != 150 && f.begin.code != 125:
		return violated("125 or 150 for RETR", "%s", f.begin)
	}
	return nil
}

func dataEnded(ctx context.Context) error {
	w := of(ctx)
	f := w.talk.ftp.fetches[0]
	switch {
	case f.begin.kind() != 1:
		return blocked("%s", f)
	case f.ended:
		return nil
	case w.talk.file.published && len(f.body) < len(w.talk.file.body):
		return blocked("%s", f)
	}
	return violated("the end of the data connection", "%s", f)
}

func endedInForm(ctx context.Context) error {
	f := of(ctx).talk.ftp.fetches[0]
	switch {
	case f.begin.kind() != 1:
		return blocked("%s", f)
	case f.end.code != 226 && f.end.code != 250:
		return violated("226 or 250 after the transfer", "after %d bytes: %s", len(f.body), f.end)
	}
	return nil
}

// fetchFTPS asks for TLS before the login, as a phone with ftp_tls does.
func fetchFTPS(ctx context.Context) error {
	w := of(ctx)
	if err := w.comesOverFTP(ctx); err != nil {
		return err
	}
	secure := *w
	secure.behaviour.FTPTLS = "explicit"
	a, err := secure.request(ctx, w.talk.file.url, patience)
	if err == nil {
		w.note(a)
	}
	return err
}

func cameOverFTPS(ctx context.Context) error {
	a := of(ctx).answer
	if a.fault == nil || strings.HasPrefix(a.fault.Detail, "the server does not offer TLS") {
		return nil
	}
	return violated("the file over FTP with TLS, which the server offers", "%s", a)
}
