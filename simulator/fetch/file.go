package fetch

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// file gets files from disk, for offline use: file:///dir/name.
type file struct{ trace trace.Sink }

// Fetch implements Fetcher.
func (f file) Fetch(ctx context.Context, r Request) (*Response, error) {
	start := time.Now()
	if h := r.URL.Host; h != "" && !strings.EqualFold(h, "localhost") {
		return nil, &Error{Code: trace.BadURL, Detail: "a file URL names no host: file:///dir/name"}
	}
	if r.URL.Path == "" || strings.ContainsRune(r.URL.Path, 0) {
		return nil, &Error{Code: trace.BadURL, Detail: "not the path of a file: file:///dir/name"}
	}
	f.trace.Record(trace.Event{Kind: trace.FetchRequest, Name: r.Name, URL: trace.URL(r.URL), Attempt: 1})
	body, size, err := openFile(LocalName(r.URL.Path))
	if err != nil {
		return nil, err
	}
	defer body.Close()
	in := inbound{limit: r.Limit, announced: size, to: r.Body}
	if err := in.receive(ctx, body); err != nil {
		return nil, err
	}
	return &Response{Body: in.body(), Bytes: in.n, URL: &url.URL{Scheme: "file", Path: r.URL.Path}, Took: time.Since(start)}, nil
}

// LocalName is the path of a file URL as this system names files: on Windows, where a drive comes first, file:///C:/dir
// is the folder C:\dir (RFC 8089 §E.2).
func LocalName(path string) string {
	name := filepath.FromSlash(path)
	if name != "" && filepath.VolumeName(name[1:]) != "" { // elsewhere there are no volumes
		return name[1:]
	}
	return name
}

// openFile opens a regular file. Opening a named pipe would wait for its writer, but
// for O_NONBLOCK.
func openFile(name string) (*os.File, int64, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, fileError(err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = fileError(err)
	case info.IsDir():
		err = &Error{Code: trace.Forbidden, Detail: "a folder, not a file"}
	case !info.Mode().IsRegular():
		err = &Error{Code: trace.Forbidden, Detail: "not a regular file"}
	default:
		return f, info.Size(), nil
	}
	f.Close()
	return nil, 0, err
}

func fileError(err error) *Error {
	e := &Error{Code: trace.LocalFailure, Err: err}
	var number syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		e.Code, e.Detail = trace.NotFound, "no such file"
	case errors.Is(err, fs.ErrPermission):
		e.Detail = "permission denied"
	case errors.As(err, &number):
		e.Detail = number.Error()
	default:
		e.Detail = clean(err.Error())
	}
	return e
}
