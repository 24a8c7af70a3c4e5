package fetch

import (
	"crypto/x509"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// Shared is what the fetchers of any number of passes and phones have in common:
// options of behaviour with their defaults, authorities that were read once, which
// certificates those signed, buffers that are used again. It holds nothing that one pass
// tells a server or gets of it for itself: no connection, no session, no nonce, no
// credentials. It is safe for concurrent use.
type Shared struct {
	behaviour device.Behaviour
	tls       TLS
	roots     *x509.CertPool // nil: the machine's own
	verified  verified       // certificates of servers

	asked     []tftp.Option // options of every TFTP request
	firstWait time.Duration // from the first TFTP request to giving up without an answer
	transfers sync.Pool     // of *tftpTransfer: their buffers are used again
	web       sync.Pool     // of *webBuffers
}

// NewShared returns what fetchers that behave so share. Its error says that TLS.CA
// holds no certificate.
func NewShared(b device.Behaviour, t TLS) (*Shared, error) {
	b = b.WithDefaults()
	s := &Shared{
		behaviour: b,
		tls:       t,
		asked: []tftp.Option{ // libcurl's order
			{Name: tftp.OptionTsize, Value: "0"},
			{Name: tftp.OptionBlksize, Value: strconv.Itoa(b.TFTPBlksize)},
			{Name: tftp.OptionTimeout, Value: strconv.Itoa(b.TFTPTimeout)},
		},
		firstWait: firstWait(b.TFTPResend, b.TFTPSends),
	}
	if len(t.CA) > 0 {
		s.roots = x509.NewCertPool()
		if !s.roots.AppendCertsFromPEM(t.CA) {
			return nil, errors.New("the CA file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
		}
	}
	return s, nil
}

// Behaviour returns how its fetchers behave, defaults filled in.
func (s *Shared) Behaviour() device.Behaviour { return s.behaviour }

// TLS returns what its fetchers are told about certificates.
func (s *Shared) TLS() TLS { return s.tls }

// transfer returns a TFTP transfer that nobody uses.
func (s *Shared) transfer() *tftpTransfer {
	if t, ok := s.transfers.Get().(*tftpTransfer); ok {
		return t
	}
	return &tftpTransfer{buffer: make([]byte, tftp.HeaderSize+max(tftp.DefaultBlksize, s.behaviour.TFTPBlksize)+1)}
}
