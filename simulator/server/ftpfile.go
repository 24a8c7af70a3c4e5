package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/spf13/afero"
)

// ftpClient is the tree as one FTP client sees it. Names come absolute and cleaned, the
// client's current folder before them.
type ftpClient struct {
	afero.Fs
	service *ftpService
	client  ftpserver.ClientContext
	missed  string // what SIZE or the like has just missed and recorded
}

// Stat implements afero.Fs, for CWD, SIZE, MDTM and the listings. A client that is told
// here that there is nothing may never ask for the file itself: curl asks for the SIZE
// first. So a miss is recorded here, and not again by the RETR that may follow.
func (c *ftpClient) Stat(name string) (os.FileInfo, error) {
	cleaned, err := clean(name)
	if err != nil {
		return nil, c.miss(name, err)
	}
	info, err := fs.Stat(c.service.server.current(), cleaned)
	if err != nil {
		return nil, c.miss(cleaned, condition(err))
	}
	switch command := c.client.GetLastCommand(); {
	case command == "SIZE" && info.IsDir():
		return nil, c.miss(cleaned, fmt.Errorf("%w: not a regular file", errNoFile))
	case command == "CWD" && !info.IsDir():
		return nil, c.miss(cleaned, fmt.Errorf("%w: not a folder", errNoFile))
	}
	return info, nil
}

// miss records err, unless it was the last thing that was recorded for this client.
func (c *ftpClient) miss(name string, err error) error {
	if name == c.missed {
		c.missed = ""
		return err
	}
	c.missed = name
	request := ftpRequest(c.client, name)
	request.Outcome, request.Status, request.Detail = outcomeOf(err), "550", err.Error()
	c.service.server.history.add(request)
	return err
}

// ReadDir implements ftpserver.ClientDriverExtensionFileList.
func (c *ftpClient) ReadDir(name string) ([]os.FileInfo, error) {
	cleaned, err := clean(name)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(c.service.server.current(), cleaned)
	if err != nil {
		return nil, condition(err)
	}
	infos := make([]os.FileInfo, 0, len(entries))
	for _, e := range entries {
		if info, err := e.Info(); err == nil { // else it went away meanwhile
			infos = append(infos, info)
		}
	}
	return infos, nil
}

// GetHandle implements ftpserver.ClientDriverExtentionFileTransfer: it opens a file for
// RETR, and refuses STOR.
func (c *ftpClient) GetHandle(name string, flags int, _ int64) (ftpserver.FileTransfer, error) {
	request := ftpRequest(c.client, name)
	h := &c.service.server.history
	if flags&(os.O_WRONLY|os.O_RDWR) != 0 {
		request.Outcome, request.Status, request.Detail = Refused, "553", errReadOnly.Error()
		h.add(request)
		return nil, errors.Join(ftpserver.ErrFileNameNotAllowed, errReadOnly)
	}
	f, cleaned, err := open(c.service.server.current(), name)
	request.Name = cleaned
	if err != nil {
		return nil, c.miss(cleaned, err)
	}
	if !c.service.gate.enter() {
		f.Close()
		return nil, errClosing
	}
	request.Outcome, request.Status = Sent, "226"
	return &ftpFile{file: f, history: h, gate: &c.service.gate, request: request}, nil
}

// ftpFile is a file on its way. It is recorded when it is closed.
type ftpFile struct {
	*file
	history *history
	gate    *gate
	request Request
	once    sync.Once
}

// Read implements ftpserver.FileTransfer.
func (f *ftpFile) Read(p []byte) (int, error) {
	n, err := f.file.Read(p)
	f.request.Bytes += int64(n)
	return n, err
}

// Write implements ftpserver.FileTransfer; the tree is only read.
func (f *ftpFile) Write([]byte) (int, error) { return 0, errReadOnly }

// TransferError implements ftpserver.FileTransferError.
func (f *ftpFile) TransferError(err error) {
	f.request.Outcome, f.request.Status, f.request.Detail = Failed, "550", err.Error()
}

// Close implements ftpserver.FileTransfer.
func (f *ftpFile) Close() error {
	err := f.file.Close()
	f.once.Do(func() {
		f.history.add(f.request)
		f.gate.leave()
	})
	return err
}
