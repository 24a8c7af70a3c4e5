package hostile

import (
	"net"
	"strings"
)

var tlsAttacks = []Attack{
	{
		Name: "tls-silence", Scheme: "https", Does: "takes the ClientHello and says nothing",
		stream: func(s *Server, _ net.Conn) { <-s.ctx.Done() },
	},
	{
		Name: "tls-garbage", Scheme: "https", Does: "answers the ClientHello with what is no TLS, without end",
		stream: func(_ *Server, c net.Conn) { forever(c, Evil) },
	},
	{
		Name: "tls-endless-hello", Scheme: "https", Does: "begins a handshake message of 16 MiB and goes on in full records",
		stream: func(_ *Server, c net.Conn) {
			const record = "\x16\x03\x03\x40\x00" // handshake, TLS 1.2, 16,384 bytes (RFC 5246 §6.2.1)
			say(c, record+"\x02\xff\xff\xff"+strings.Repeat("x", 1<<14-4))
			forever(c, record+strings.Repeat("x", 1<<14))
		},
	},
	{
		Name: "tls-empty-records", Scheme: "https", Does: "sends empty handshake records without end",
		stream: func(_ *Server, c net.Conn) { forever(c, "\x16\x03\x03\x00\x00") },
	},
	{
		Name: "tls-drip", Scheme: "https", Does: "sends its ServerHello a byte a second",
		stream: func(s *Server, c net.Conn) {
			s.drip(c, "\x16\x03\x03\x00\x7a\x02"+strings.Repeat("\x00", 1000))
		},
	},
}
