package faulty

import (
	"net"
	"strings"
)

// ftpFaults are about replies, sessions and data connections of FTP.
func ftpFaults() []spec {
	all := append(ftpDataFaults(), ftpSessionFaults()...)
	for i := range all {
		all[i].protocols = "ftp"
	}
	return all
}

func onFTP(set func(f *ftpFault)) func(*behaviour) {
	return func(b *behaviour) { set(&b.ftp) }
}

// replying replies to one command otherwise. "226" stands for the end of a transfer.
func replying(command string, change func(s *ftpSession, right string) string) func(*behaviour) {
	return onFTP(func(f *ftpFault) {
		f.reply = func(s *ftpSession, to, right string) string {
			if to == command {
				return change(s, right)
			}
			return right
		}
	})
}

func constant(reply string) func(*ftpSession, string) string {
	return func(*ftpSession, string) string { return reply }
}

func ftpDataFaults() []spec {
	return []spec{
		{name: "data-ascii", clause: LineEnds, rule: "FIP-CONT-006", doc: "TYPE I is confirmed, and line ends are converted all the same",
			spoil: onFTP(func(f *ftpFault) { f.ascii = true })},
		{name: "data-elsewhere", clause: DataConnection, doc: "PASV names another host, an address behind NAT, and EPSV is not known",
			spoil: onFTP(func(f *ftpFault) { f.noEPSV, f.dataTo = true, "10.66.66.66" })},
		{name: "data-dead-port", clause: DataConnection, doc: "nothing listens at the port that EPSV and PASV name: a firewall's ports",
			spoil: onFTP(func(f *ftpFault) { f.deadEnd = true })},
		{name: "data-no-passive", clause: DataConnection, doc: "neither EPSV nor PASV is known: active mode only",
			spoil: onFTP(func(f *ftpFault) { f.noEPSV, f.noPASV = true, true })},
		{name: "data-pasv-bare", clause: DataConnection, doc: "PASV names address and port in a form of its own, and EPSV is not known",
			spoil: onFTP(func(f *ftpFault) {
				f.noEPSV = true
				f.reply = func(_ *ftpSession, to, right string) string {
					if to == "PASV" {
						return strings.NewReplacer("(", "", ")", "", ",", ".").Replace(right)
					}
					return right
				}
			})},
		{name: "data-unconfirmed", clause: DataConnection, doc: "no 226 after the last byte",
			spoil: replying("226", constant(""))},
		{name: "data-unconfirmed-later", clause: DataConnection, doc: "no 226 from the second file of a session on",
			spoil: replying("226", func(s *ftpSession, right string) string {
				if s.files > 1 {
					return ""
				}
				return right
			})},
		{name: "data-aborted", clause: DataConnection, doc: "426 after a file that came whole",
			spoil: replying("226", constant("426 transfer aborted"))},
		{name: "data-error-confirmed", clause: DataConnection, doc: "the connection breaks in the middle of a file, and 226 confirms it",
			spoil: onFTP(func(f *ftpFault) {
				f.send = func(data net.Conn, body []byte) { _, _ = data.Write(body[:len(body)/2]) } // broken off
			})},
		{name: "data-stays-open", clause: DataConnection, doc: "the data connection is not closed after the last byte, nor is 226 sent",
			spoil: onFTP(func(f *ftpFault) { f.hold = true })},
		{name: "data-refused-later", clause: DataConnection, doc: "425 for the third data connection of a session: ports leak",
			spoil: onFTP(func(f *ftpFault) {
				f.reply = func(s *ftpSession, to, right string) string {
					if (to == "EPSV" || to == "PASV") && s.files >= 2 {
						return "425 no port is free"
					}
					return right
				}
			})},
	}
}

func ftpSessionFaults() []spec {
	return []spec{
		{name: "session-one-file", clause: DataConnection, doc: "a second file in one session gets 500",
			spoil: onFTP(func(f *ftpFault) { f.files = 1 })},
		{name: "session-ten-files", clause: DataConnection, doc: "an eleventh file in one session gets 500",
			spoil: onFTP(func(f *ftpFault) { f.files = 10 })},
		{name: "greeting-missing", clause: RefusesRequests, doc: "no greeting: the server waits for the client",
			spoil: replying("", constant(""))},
		{name: "type-refused", clause: RefusesRequests, doc: "TYPE I gets 504: text files only",
			spoil: replying("TYPE", constant("504 only TYPE A"))},
		{name: "anonymous-asked", clause: RefusesRequests, doc: "530 for anonymous on a server that is open to all",
			spoil: replying("PASS", constant("530 log in with your account"))},
		{name: "login-not-asked", clause: NotAsked, doc: "230 after USER: the password is not asked for",
			spoil: onFTP(func(f *ftpFault) { f.noAsk = true })},
		{name: "login-any", clause: AnyAccepted, doc: "any password of any user is taken",
			spoil: onFTP(func(f *ftpFault) { f.login = func(_, _ string) bool { return true } })},
		{name: "login-user-only", clause: AnyAccepted, doc: "any password of the right user is taken",
			spoil: onFTP(func(f *ftpFault) { f.login = func(user, _ string) bool { return user == User } })},
		{name: "login-prefix", clause: AnyAccepted, doc: "the first eight letters of the password count: crypt",
			spoil: onFTP(func(f *ftpFault) {
				f.login = func(user, password string) bool { return user == User && strings.HasPrefix(password, Password[:8]) }
			})},
		{name: "login-anonymous", clause: NotAsked, doc: "anonymous is let in too",
			spoil: onFTP(func(f *ftpFault) {
				f.login = func(user, password string) bool {
					return user == "anonymous" || user == User && password == Password
				}
			})},
		{name: "one-at-a-time", clause: OneAtATime, doc: "one session after the other",
			spoil: onFTP(func(f *ftpFault) { f.serial = true })},
		{name: "abandoned", clause: Abandoned, doc: "a session that was cut off keeps one of eight places for ever",
			spoil: onFTP(func(f *ftpFault) { f.slots = 8 })},
		{name: "dies-of-long-line", clause: AfterMalformed, doc: "nothing is served after a line of more than 1000 bytes",
			spoil: onFTP(func(f *ftpFault) { f.dies = func(line string) bool { return len(line) > 1000 } })},
		{name: "dies-of-command", clause: AfterMalformed, doc: "nothing is served after a command that is none",
			spoil: onFTP(func(f *ftpFault) { f.dies = func(line string) bool { return !knownCommand(line) } })},
	}
}

func knownCommand(line string) bool {
	word, _, _ := strings.Cut(line, " ")
	if len(word) < 3 || len(word) > 4 {
		return false
	}
	for _, c := range strings.ToUpper(word) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}
