package faulty

import (
	"bytes"
	"net"
	"slices"
	"strings"
)

// ftpFaults are about replies, sessions and data connections of FTP.
func ftpFaults() []spec {
	all := slices.Concat(ftpDataFaults(), ftpSessionFaults(), ftpFolderFaults(), ftpLoginFaults())
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

// ftpDataFaults are about data connections.
func ftpDataFaults() []spec {
	return slices.Concat(ftpPassiveFaults(), ftpTransferFaults())
}

// ftpPassiveFaults are about opening data connections.
func ftpPassiveFaults() []spec {
	return []spec{
		{name: "data-epsv-form", clause: DataConnection, rule: "FIP-FTP-021", doc: "EPSV is answered with a text of its own",
			spoil: replying("EPSV", func(_ *ftpSession, right string) string {
				return strings.NewReplacer("|||", "port ", "|)", ")").Replace(right)
			})},
		{name: "data-ascii", clause: LineEnds, rule: "FIP-CONT-006",
			doc:   "TYPE I is confirmed, and line ends are converted all the same",
			spoil: onFTP(func(f *ftpFault) { f.ascii = true })},
		{name: "data-elsewhere", clause: DataConnection, rule: "FIP-FTP-023",
			doc:   "PASV names another host, an address behind NAT, and EPSV is not known",
			spoil: onFTP(func(f *ftpFault) { f.noEPSV, f.dataTo = true, "10.66.66.66" })},
		{name: "data-port-swapped", clause: DataConnection, rule: "FIP-FTP-029",
			doc:   "PASV names the port with its bytes in the other order, which nobody sees who knows EPSV",
			spoil: onFTP(func(f *ftpFault) { f.swaps = true })},
		{name: "data-dead-port", clause: DataConnection, rule: "FIP-FTP-022",
			doc:   "nothing listens at the port that EPSV and PASV name: a firewall's ports",
			spoil: onFTP(func(f *ftpFault) { f.deadEnd = true })},
		{name: "data-no-passive", clause: DataConnection, rule: "FIP-FTP-020", doc: "neither EPSV nor PASV is known: active mode only",
			spoil: onFTP(func(f *ftpFault) { f.noEPSV, f.noPASV = true, true })},
		{name: "data-pasv-bare", clause: DataConnection, rule: "FIP-FTP-020",
			doc: "PASV names address and port in a form of its own, and EPSV is not known",
			spoil: onFTP(func(f *ftpFault) {
				f.noEPSV = true
				f.reply = func(_ *ftpSession, to, right string) string {
					if to == "PASV" {
						return strings.NewReplacer("(", "", ")", "", ",", ".").Replace(right)
					}
					return right
				}
			})}}
}

// ftpTransferFaults are about the ends of transfers.
func ftpTransferFaults() []spec {
	return []spec{
		{name: "data-unannounced", clause: DataConnection, rule: "FIP-FTP-024", doc: "no 150 before a transfer, only 226 after it",
			spoil: replying("RETR", func(_ *ftpSession, right string) string {
				if strings.HasPrefix(right, "150") {
					return ""
				}
				return right
			})},
		{name: "data-break-ends-session", clause: DataConnection, rule: "FIP-FTP-027",
			doc:   "a data connection that the phone breaks ends the session",
			spoil: onFTP(func(f *ftpFault) { f.endsOnAbort = true })},
		{name: "data-unconfirmed", clause: DataConnection, rule: "FIP-FTP-026", doc: "no 226 after the last byte",
			spoil: replying("226", constant(""))},
		{name: "data-unconfirmed-later", clause: DataConnection, rule: "FIP-FTP-006",
			doc: "no 226 from the second file of a session on",
			spoil: replying("226", func(s *ftpSession, right string) string {
				if s.files > 1 {
					return ""
				}
				return right
			})},
		{name: "data-aborted", clause: DataConnection, rule: "FIP-FTP-026", doc: "426 after a file that came whole",
			spoil: replying("226", constant("426 transfer aborted"))},
		{name: "data-error-confirmed", clause: DataConnection, rule: "FIP-CONT-002",
			doc: "the connection breaks in the middle of a file, and 226 confirms it",
			spoil: onFTP(func(f *ftpFault) {
				f.send = func(data net.Conn, body []byte) { _, _ = data.Write(body[:len(body)/2]) } // broken off
			})},
		{name: "data-stays-open", clause: DataConnection, rule: "FIP-FTP-025",
			doc:   "the data connection is not closed after the last byte, nor is 226 sent",
			spoil: onFTP(func(f *ftpFault) { f.hold = true })},
		{name: "data-refused-later", clause: DataConnection, rule: "FIP-FTP-006",
			doc: "425 for the third data connection of a session: ports leak",
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

// ftpSessionFaults are about sessions, many clients and bad ones.
func ftpSessionFaults() []spec {
	return []spec{
		{name: "feat-ends-session", clause: RefusesRequests, rule: "FIP-FTP-004", doc: "FEAT, which is not known, ends the session",
			spoil: onFTP(func(f *ftpFault) { f.closes = func(line string) bool { return strings.EqualFold(line, "FEAT") } })},
		{name: "quit-unanswered", clause: DataConnection, rule: "FIP-FTP-005", doc: "QUIT closes the connection without a reply",
			spoil: replying("QUIT", constant(""))},
		{name: "miss-ends-session", clause: DataConnection, rule: "FIP-FTP-007", doc: "550 for a missing file is the session's last word",
			spoil: onFTP(func(f *ftpFault) { f.unended = true })},
		{name: "login-unneeded", clause: NotAsked, rule: "FIP-FTP-042", doc: "RETR works without a login: each command checks for itself",
			spoil: onFTP(func(f *ftpFault) { f.noLogin = true })},
		{name: "tls-unfinished", clause: DataConnection, rule: "FIP-FTP-028", doc: "AUTH TLS is confirmed, and no handshake follows",
			spoil: onFTP(func(f *ftpFault) { f.tls = true })},
		{name: "session-one-file", clause: DataConnection, rule: "FIP-FTP-006", doc: "a second file in one session gets 500",
			spoil: onFTP(func(f *ftpFault) { f.files = 1 })},
		{name: "session-ten-files", clause: DataConnection, rule: "FIP-INC-006", doc: "an eleventh file in one session gets 500",
			spoil: onFTP(func(f *ftpFault) { f.files = 10 })},
		{name: "greeting-odd", clause: RefusesRequests, rule: "FIP-FTP-001", doc: "the greeting is 200: written from memory",
			spoil: replying("", constant("200 welcome"))},
		{name: "type-refused", clause: RefusesRequests, rule: "FIP-FTP-003", doc: "TYPE I gets 504: text files only",
			spoil: replying("TYPE", constant("504 only TYPE A"))},
		{name: "anonymous-asked", clause: RefusesRequests, rule: "FIP-FTP-002",
			doc:   "530 for anonymous on a server that is open to all",
			spoil: replying("PASS", constant("530 log in with your account"))},
		{name: "one-at-a-time", clause: OneAtATime, rule: "FIP-FTP-008", doc: "one session after the other",
			spoil: onFTP(func(f *ftpFault) { f.serial = true })},
		{name: "abandoned", clause: Abandoned, rule: "FIP-FTP-040",
			doc:   "a session that was cut off keeps one of 14 places for ever",
			spoil: onFTP(func(f *ftpFault) { f.slots = 14 })},
		{name: "dies-of-long-line", clause: AfterMalformed, rule: "FIP-FTP-041",
			doc:   "nothing is served after a line of more than 1000 bytes",
			spoil: onFTP(func(f *ftpFault) { f.dies = func(line string) bool { return len(line) > 1000 } })},
		{name: "dies-of-command", clause: AfterMalformed, rule: "FIP-FTP-041", doc: "nothing is served after a command that is none",
			spoil: onFTP(func(f *ftpFault) { f.dies = func(line string) bool { return !knownCommand(line) } })},
	}
}

// ftpFolderFaults are about commands that not every client sends.
func ftpFolderFaults() []spec {
	return []spec{
		{name: "size-of-text", clause: Truncated, rule: "FIP-FTP-009",
			doc: "SIZE counts each line end twice: as the file would be in TYPE A",
			spoil: onFTP(func(f *ftpFault) {
				f.sizeOf = func(body []byte) int { return len(body) + bytes.Count(body, []byte("\n")) }
			})},
		{name: "size-in-blocks", clause: Truncated, rule: "FIP-FTP-009", doc: "SIZE tells what the file takes on the disk",
			spoil: onFTP(func(f *ftpFault) {
				f.sizeOf = func(body []byte) int { return (len(body) + 4095) / 4096 * 4096 }
			})},
		{name: "cwd-refused", clause: RefusesRequests, rule: "FIP-FTP-010", doc: "CWD gets 550: there are paths, and no folders",
			spoil: replying("CWD", constant("550 no such folder"))},
		{name: "session-shared", clause: MixedUp, rule: "FIP-FTP-011",
			doc:   "type and folder are the server's: one variable for all sessions",
			spoil: onFTP(func(f *ftpFault) { f.shares = true })},
		{name: "small-letters", clause: RefusesRequests, rule: "FIP-FTP-012", doc: "commands are known in capitals only",
			spoil: onFTP(func(f *ftpFault) { f.smallWords = true })},
		{name: "bare-lines", clause: BrokenFraming, rule: "FIP-FTP-013", doc: "replies end with LF alone",
			spoil: onFTP(func(f *ftpFault) { f.bareLines = true })},
		{name: "confirmed-early", clause: DataConnection, rule: "FIP-FTP-030", doc: "226 is sent along with 150, before the first byte",
			spoil: onFTP(func(f *ftpFault) { f.early = true })},
	}
}

// ftpLoginFaults are about who is let in.
func ftpLoginFaults() []spec {
	return []spec{
		{name: "login-refused", clause: RefusesRequests, rule: "FIP-URL-003",
			doc:   "the right password is refused too: a list that was not read",
			spoil: onFTP(func(f *ftpFault) { f.login = func(_, _ string) bool { return false } })},
		{name: "login-not-asked", clause: NotAsked, rule: "FIP-FTP-043", doc: "230 after USER: the password is not asked for",
			spoil: onFTP(func(f *ftpFault) { f.noAsk = true })},
		{name: "login-any", clause: AnyAccepted, rule: "FIP-FTP-043", doc: "any password of any user is taken",
			spoil: onFTP(func(f *ftpFault) { f.login = func(_, _ string) bool { return true } })},
		{name: "login-user-only", clause: AnyAccepted, rule: "FIP-FTP-043", doc: "any password of the right user is taken",
			spoil: onFTP(func(f *ftpFault) { f.login = func(user, _ string) bool { return user == User } })},
		{name: "login-prefix", clause: AnyAccepted, rule: "FIP-FTP-043", doc: "the first eight letters of the password count: crypt",
			spoil: onFTP(func(f *ftpFault) {
				f.login = func(user, password string) bool { return user == User && strings.HasPrefix(password, Password[:8]) }
			})},
		{name: "login-case", clause: AnyAccepted, rule: "FIP-FTP-043", doc: "capitals of a password do not count",
			spoil: onFTP(func(f *ftpFault) {
				f.login = func(user, password string) bool { return user == User && strings.EqualFold(password, Password) }
			})},
		{name: "login-empty", clause: AnyAccepted, rule: "FIP-FTP-043", doc: "no password is as good as the right one",
			spoil: onFTP(func(f *ftpFault) {
				f.login = func(user, password string) bool { return user == User && (password == "" || password == Password) }
			})},
		{name: "login-before-check", clause: AnyAccepted, rule: "FIP-FTP-045",
			doc:   "530 for a wrong password, and the session is logged in: it was noted before it was checked",
			spoil: onFTP(func(f *ftpFault) { f.inBefore = true })},
		{name: "login-anonymous", clause: NotAsked, rule: "FIP-FTP-044", doc: "anonymous is let in too",
			spoil: onFTP(func(f *ftpFault) {
				f.login = func(user, password string) bool {
					return user == "anonymous" || user == User && password == Password
				}
			})},
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
