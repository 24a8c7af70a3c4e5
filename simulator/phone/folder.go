package phone

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
)

// Folder is a flash in a folder of its own: settings.json, and a file for each
// resource below resources. Every file is replaced by renaming, so that a process
// killed at any moment leaves either the old or the new one.
type Folder struct{ dir string }

// Names inside a flash folder.
const (
	settingsFile    = "settings.json"
	resourcesFolder = "resources"
)

// flashFormat and flashVersion head settings.json.
const (
	flashFormat  = "fipsim-flash"
	flashVersion = 1
)

// flashFile is settings.json.
type flashFile struct {
	Format   string           `json:"format"`
	Version  int              `json:"version"`
	Firmware string           `json:"firmware,omitempty"`
	Settings *config.Settings `json:"settings"`
}

// OpenFolder returns the flash in dir, which it makes where there is none. Its error
// says that the folder cannot be written.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(dir, resourcesFolder), 0o700); err != nil {
		return nil, err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return nil, err
	}
	f := &Folder{dir}
	return f, errors.Join(probe.Close(), os.Remove(probe.Name()), f.sweep())
}

// sweep removes what a killed process left half written.
func (f *Folder) sweep() error {
	var errs []error
	for _, dir := range []string{f.dir, filepath.Join(f.dir, resourcesFolder)} {
		entries, err := os.ReadDir(dir)
		errs = append(errs, err)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") && strings.Contains(e.Name(), halfWritten) {
				errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
			}
		}
	}
	return errors.Join(errs...)
}

// halfWritten marks the name of a file that is not in its place yet.
const halfWritten = ".half-"

// Load implements Flash. Its error names the file, where its content is not a flash.
func (f *Folder) Load() (State, error) {
	path := filepath.Join(f.dir, settingsFile)
	body, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return State{Settings: new(config.Settings)}, nil
	}
	if err != nil {
		return State{}, err
	}
	held := flashFile{Settings: new(config.Settings)}
	if err := json.Unmarshal(body, &held); err != nil {
		return State{}, fmt.Errorf("%s:%d: not a phone's flash: %w; remove the file to start with an empty one",
			path, lineOf(body, err), err)
	}
	if held.Format != flashFormat || held.Version != flashVersion {
		return State{}, fmt.Errorf("%s:1: format %q version %d, want %q version %d; remove the file to start with an empty flash",
			path, held.Format, held.Version, flashFormat, flashVersion)
	}
	if held.Settings == nil { // null
		return State{}, fmt.Errorf("%s:1: not a phone's flash: it holds no settings; remove the file to start with an empty one", path)
	}
	return State{Settings: held.Settings, Firmware: held.Firmware}, nil
}

// lineOf is the line on which JSON stops making sense.
func lineOf(body []byte, err error) int {
	var (
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
		offset = int64(0)
	)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	return 1 + bytes.Count(body[:min(offset, int64(len(body)))], []byte("\n"))
}

// Store implements Flash.
func (f *Folder) Store(s State) error {
	body, err := json.MarshalIndent(flashFile{flashFormat, flashVersion, s.Firmware, s.Settings}, "", " ")
	if err != nil {
		return err
	}
	return replaceFile(f.dir, settingsFile, append(body, '\n'))
}

// StoreResource implements Flash. The key is the name of one of the settings that the
// phone knows as resources; a path is refused.
func (f *Folder) StoreResource(key string, body []byte) error {
	if !filepath.IsLocal(key) || filepath.Base(key) != key {
		return fmt.Errorf("%q is not the name of a setting", key)
	}
	return replaceFile(filepath.Join(f.dir, resourcesFolder), key, body)
}

// Clear implements Flash.
func (f *Folder) Clear(s State) error {
	if err := f.Store(s); err != nil {
		return err
	}
	dir := filepath.Join(f.dir, resourcesFolder)
	entries, err := os.ReadDir(dir)
	errs := []error{err}
	for _, e := range entries {
		errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
	}
	return errors.Join(append(errs, syncFolder(dir))...)
}

// replaceFile puts body in the place of dir/name: written beside it and synced, then
// renamed over it, then the folder synced. Files are for their owner alone (0600),
// since settings hold passwords.
func replaceFile(dir, name string, body []byte) error {
	beside, err := os.CreateTemp(dir, "."+name+halfWritten+"*")
	if err != nil {
		return err
	}
	_, err = beside.Write(body)
	err = errors.Join(err, beside.Sync(), beside.Close())
	if err == nil {
		err = os.Rename(beside.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside.Name()))
	}
	return syncFolder(dir)
}

// syncFolder makes a rename last through a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
