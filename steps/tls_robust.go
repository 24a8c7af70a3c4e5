package steps

import (
	"context"
	"io"
	"time"
)

// brokenHandshake are beginnings of TLS, and what is none.
var brokenHandshake = []string{
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01", "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
	"\x16\x03\x01\xff\xff\x01\x00\xff\xfb\x03\x03", "\x15\x03\x03\x00\x02\x02\x28", "\x80\x2e\x01\x00\x02", "\x00\x00\x00\x00\x00",
}

// brokenHandshakes sends each of them over a connection of its own.
func brokenHandshakes(ctx context.Context) error {
	w := of(ctx)
	if err := w.stillComesOverHTTP(ctx); err != nil {
		return err
	}
	var all side
	for _, text := range brokenHandshake {
		all.Go(func() {
			raw, err := w.network().DialContext(ctx, "tcp", hostPort(w.talk.file.url))
			if err != nil {
				return // stillServedHTTP tells
			}
			defer raw.Close()
			_ = raw.SetDeadline(time.Now().Add(200 * time.Millisecond))
			_, _ = io.WriteString(raw, text) // the server may have hung up already
			_, _ = io.Copy(io.Discard, raw)
		})
	}
	all.Wait()
	return nil
}
