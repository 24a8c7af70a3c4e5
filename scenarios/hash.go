package scenarios

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// hashPrefix begins the value of a secret in an expect file:
// {pbkdf2-sha256}ROUNDS$SALT$HASH (RFC 8018 §5.2), salt and hash in base64url.
const hashPrefix = "{pbkdf2-sha256}"

// hashRounds slows down guessing: the PINs of phones are short.
const hashRounds = 50_000

// maxRounds bounds the work that a file can ask for.
const maxRounds = 10_000_000

// secretHash is a value of which only the hash is known.
type secretHash struct {
	rounds     int
	salt, hash []byte
}

// hashOf hashes a secret with a salt of its own.
func hashOf(secret string) (string, error) {
	salt := make([]byte, 12)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	hash, err := pbkdf2.Key(sha256.New, secret, salt, hashRounds, sha256.Size)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf("%s%d$%s$%s", hashPrefix, hashRounds, text(salt), text(hash)), nil
}

// parseHash reads what hashOf wrote.
func parseHash(text string) (h secretHash, err error) {
	parts := strings.Split(strings.TrimPrefix(text, hashPrefix), "$")
	wrong := errors.New("want " + hashPrefix + "ROUNDS$SALT$HASH, as --record writes it")
	if len(parts) != 3 {
		return h, wrong
	}
	h.rounds, err = strconv.Atoi(parts[0])
	if err != nil || h.rounds < 1 || h.rounds > maxRounds {
		return h, wrong
	}
	var saltErr, hashErr error
	h.salt, saltErr = base64.RawURLEncoding.DecodeString(parts[1])
	h.hash, hashErr = base64.RawURLEncoding.DecodeString(parts[2])
	if saltErr != nil || hashErr != nil || len(h.hash) != sha256.Size {
		return h, wrong
	}
	return h, nil
}

// matches reports whether secret has this hash.
func (h secretHash) matches(secret string) bool {
	hash, err := pbkdf2.Key(sha256.New, secret, h.salt, h.rounds, len(h.hash))
	return err == nil && subtle.ConstantTimeCompare(hash, h.hash) == 1
}
