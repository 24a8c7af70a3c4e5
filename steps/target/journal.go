package target

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// journalName is the file in our folder that says which files at the root are ours. It
// is locked as long as its run lives.
const journalName = ".fipsim-journal"

// journal is that file.
type journal struct {
	file *os.File
}

// planted is a file at the root: it is ours only while it has this content.
type planted struct {
	Name string `json:"name"`
	Hash string `json:"sha256"`
}

func newJournal(dir *os.Root, folder string) (*journal, error) {
	f, err := dir.OpenFile(path.Join(folder, journalName), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &journal{f}, nil
}

// note writes down a file that is about to be made.
func (j *journal) note(name string, body []byte) error {
	line, err := json.Marshal(planted{name, hashOf(body)})
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(line, '\n'))
	return errors.Join(err, j.file.Sync())
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// undo removes the files that the journal names and that are still as they were made.
func (j *journal) undo(dir *os.Root) error {
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var errs []error
	for lines := bufio.NewScanner(j.file); lines.Scan(); {
		var p planted
		if json.Unmarshal(lines.Bytes(), &p) != nil || p.Name == "" || strings.ContainsRune(p.Name, '/') {
			continue // the run was killed while it wrote this line
		}
		body, err := dir.ReadFile(p.Name)
		if err == nil && hashOf(body) == p.Hash {
			err = dir.Remove(p.Name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// close lets go of the lock.
func (j *journal) close() error { return j.file.Close() }

// sweep takes away what runs that were killed have left in a docroot. What it cannot
// remove stays: that is no reason not to judge.
func sweep(dir *os.Root) {
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return
	}
	for _, entry := range entries {
		name := entry.Name()
		if !entry.IsDir() || len(name) != len(folderPrefix)+8 || !strings.HasPrefix(name, folderPrefix) {
			continue
		}
		f, err := dir.OpenFile(path.Join(name, journalName), os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > time.Minute {
				_ = dir.Remove(name) // killed before it wrote anything; stays where it is not empty
			}
			continue
		}
		if err != nil {
			continue
		}
		if lock(f) == nil { // else its run lives
			j := &journal{f}
			if j.undo(dir) == nil {
				_ = dir.RemoveAll(name)
			}
		}
		_ = f.Close() // it was only read
	}
}
