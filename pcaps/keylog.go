package pcaps

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrNotKeyLog is a file that holds no line of a TLS key log.
var ErrNotKeyLog = errors.New("not a TLS key log")

// KeyLog is TLS secrets as a phone, a server or a browser wrote them for whoever
// captures its traffic: the NSS key log format (SSLKEYLOGFILE), a line a secret. Its
// zero value is empty. A secret of it is never in any output.
type KeyLog struct {
	secrets map[[32]byte]map[string][]byte // by client random and label
	count   int
	full    bool
}

// The labels that count: the master secret of TLS 1.2 and earlier, and what TLS 1.3
// derives its keys from (RFC 8446 §7.1).
const (
	labelMaster          = "CLIENT_RANDOM"
	labelClientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
	labelServerHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
	labelClientTraffic   = "CLIENT_TRAFFIC_SECRET_0"
	labelServerTraffic   = "SERVER_TRAFFIC_SECRET_0"
)

// Limits on key logs.
const (
	maxSecrets    = 400_000
	maxSecretLine = 4096
	maxBadLines   = 5 // that are named one by one
)

// ReadKeyLog reads a key log; name is what its notes call it. Lines that are none are
// passed over, and told with name and line. A file without any line that counts is
// ErrNotKeyLog.
func ReadKeyLog(name string, r io.Reader) (k *KeyLog, notes []string, err error) {
	k = new(KeyLog)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxSecretLine)
	n, bad := 0, 0
	for lines.Scan() {
		n++
		if why := k.add(lines.Text()); why != "" {
			if bad++; bad <= maxBadLines {
				notes = append(notes, fmt.Sprintf("%s:%d: %s; the line is passed over", name, n, why))
			}
		}
	}
	switch err := lines.Err(); {
	case k.count == 0 && (err == nil || errors.Is(err, bufio.ErrTooLong)):
		return nil, nil, fmt.Errorf("%s: %w: want lines of a label and two strings of hexadecimal digits", name, ErrNotKeyLog)
	case err != nil:
		return nil, nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	if bad > maxBadLines {
		notes = append(notes, fmt.Sprintf("%s: %d more lines are no key log's", name, bad-maxBadLines))
	}
	return k, notes, nil
}

// add takes one line; it returns what is wrong with it. Comments, and labels that
// decrypting does without, are fine.
func (k *KeyLog) add(line string) (why string) {
	words := strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return ""
	}
	if len(words) != 3 {
		return fmt.Sprintf("%d words where a key log has three", len(words))
	}
	switch words[0] {
	case labelMaster, labelClientHandshake, labelServerHandshake, labelClientTraffic, labelServerTraffic:
	default:
		return ""
	}
	random, err := hex.DecodeString(words[1])
	if err != nil || len(random) != 32 {
		return "the client random is not 64 hexadecimal digits"
	}
	secret, err := hex.DecodeString(words[2])
	if err != nil || len(secret) < 16 || len(secret) > 64 {
		return "the secret is not 32 to 128 hexadecimal digits"
	}
	if k.full = k.count >= maxSecrets; k.full {
		return ""
	}
	if k.secrets == nil {
		k.secrets = make(map[[32]byte]map[string][]byte)
	}
	of := k.secrets[[32]byte(random)]
	if of == nil {
		of = make(map[string][]byte, 1)
		k.secrets[[32]byte(random)] = of
	}
	if of[words[0]] == nil {
		k.count++
	}
	of[words[0]] = secret
	return ""
}

// addAll takes the lines of a Decryption Secrets Block; bad is how many were none.
func (k *KeyLog) addAll(block []byte) (bad int) {
	for line := range bytes.Lines(block) {
		if k.add(string(bytes.Trim(line, "\x00\r\n"))) != "" {
			bad++
		}
	}
	return bad
}

// find returns a secret of a connection; nil: it is not in the log.
func (k *KeyLog) find(random [32]byte, label string) []byte {
	if k == nil {
		return nil
	}
	return k.secrets[random][label]
}

// clone returns a copy that grows by itself.
func (k *KeyLog) clone() *KeyLog {
	c := new(KeyLog)
	if k == nil || k.count == 0 {
		return c
	}
	c.count, c.secrets = k.count, make(map[[32]byte]map[string][]byte, len(k.secrets))
	for random, of := range k.secrets {
		all := make(map[string][]byte, len(of))
		for label, secret := range of {
			all[label] = secret
		}
		c.secrets[random] = all
	}
	return c
}
