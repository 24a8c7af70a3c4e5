package interview_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/pcaps/interview"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/wire"
)

// bench is a network in memory on which one can be called too.
type bench struct{ *wire.Memory }

// host is everybody's address on the bench.
const host = "192.0.2.1"

// Listen implements wire.Listener.
func (b bench) Listen(_ context.Context, _, address string) (net.Listener, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	l := &benchListener{memory: b.Memory, at: at, conns: make(chan net.Conn), closed: make(chan struct{})}
	b.HandleTCP(at, func(conn net.Conn) {
		select {
		case l.conns <- conn:
		case <-l.closed:
			_ = conn.Close()
		}
	})
	return l, nil
}

type benchListener struct {
	memory *wire.Memory
	at     netip.AddrPort
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *benchListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *benchListener) Close() error {
	l.once.Do(func() {
		l.memory.HandleTCP(l.at, nil)
		close(l.closed)
	})
	return nil
}

func (l *benchListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

// options are those of an interview on the bench.
func options(b bench) interview.Options {
	return interview.Options{Host: host, Name: "interview.example.test", Network: b, TFTP: host + ":69", FTP: host + ":21", HTTP: host + ":80",
		HTTPS: host + ":443", Longest: 2 * time.Hour, PnP: host + ":5060", DHCP: host + ":6767"}
}

// asked lets the phone of some options be interviewed, in a bubble where hours pass at
// once, and returns what was found and the evidence.
func asked(t *testing.T, b device.Behaviour, static string) (*interview.Result, []byte) {
	t.Helper()
	var result *interview.Result
	var evidence bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		network := bench{new(wire.Memory)}
		network.AddHost("interview.example.test", netip.MustParseAddr(host))
		p, relay := simulated(t, network, b, static)
		defer relay.Close()
		o := options(network)
		o.Evidence = &evidence
		var err error
		result, err = interview.Run(t.Context(), o, func(ctx context.Context, boot *interview.Boot) error {
			why := device.PowerOn
			if boot.Again {
				why = device.Interval
			}
			_, _ = p.Provision(ctx, why) // what it comes to is the interview's affair
			synctest.Wait()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	return result, evidence.Bytes()
}

func simulated(t *testing.T, network bench, b device.Behaviour, static string) (*phone.Phone, *discover.Relay) {
	t.Helper()
	relay, err := discover.ListenRelay(t.Context(), discover.RelayOptions{Server: host + ":6767", Network: network,
		Local: netip.MustParseAddr(host)})
	if err != nil {
		t.Fatal(err)
	}
	finders := map[string]discover.Finder{
		discover.SourcePnP:  discover.PnP{Address: host + ":5060", Behaviour: b, Network: network},
		discover.SourceDHCP: discover.DHCP{Transport: relay, Behaviour: b},
	}
	if static != "" {
		finders[discover.SourceStatic] = discover.Static{URL: static}
	}
	p, err := phone.New(phone.Options{Behaviour: b, Network: network, Finders: finders, TLS: fetch.TLS{Insecure: true}})
	if err != nil {
		t.Fatal(err)
	}
	return p, relay
}

// Each option that a server can observe, set this way and that on a simulated phone, is
// found again; and nothing else is. An option whose effect needs another one comes with it.
func TestInterviewFindsEachOption(t *testing.T) {
	for _, set := range []string{
		"", // the phone as it is
		"source_order=dhcp,pnp,static", "source_order=dhcp,pnp,static tftp_timeout=9 tls_profile=tls12-rsa",
		"pnp_wait=2s", "pnp_wait=12s",
		"pnp_linger=100ms", "pnp_linger=3s",
		`pnp_event=ua-profile;profile-type="device";vendor="Other";model="{model}"`,
		"url_kind=dir", "url_kind=file",
		"macros=off",
		"probe_bare_mac=always", "probe_bare_mac=never",
		"bare_hit=continue", "bare_hit=continue probe_bare_mac=always",
		"source_order=dhcp,pnp,static dhcp_wait=20s",
		"dhcp_vendor_class=phone", "dhcp_vendor_class={vendor} {model}",
		"dhcp_parameters=1,3,66", "dhcp_parameters=66,43,1",
		"dhcp_hostname=desk", "dhcp_hostname=fip-{mac}",
		"dhcp_client_id=none", "dhcp_client_id=00616263",
		"dhcp_custom=77=626f6f74", "dhcp_custom=124=00;77=61",
		"dhcp_url_options=43", "dhcp_url_options=66,67", "dhcp_url_options=240",
		"include_missing=abort",
		"blank=default",
		"on_failure=skip",
		"tftp_resend=1s", "tftp_resend=7s",
		"tftp_sends=1", "tftp_sends=6",
		"tftp_blksize=1024", "tftp_blksize=8",
		"tftp_timeout=1", "tftp_timeout=10",
		"tftp_ack_resend=2s tftp_ack_sends=4", "tftp_ack_resend=5s tftp_ack_sends=2",
		"tftp_transfer_time=40s", "tftp_transfer_time=2m0s",
		"tftp_tsize_zero=accept",
		"user_agent=phone {mac}", "user_agent={model}/{firmware} ({MAC})",
		"tls_profile=tls12-rsa", "tls_profile=no-sni",
		"ftp_tls=explicit",
		"rediscover=always",
		"pass_time=1m0s", "pass_time=5m0s",
		"max_redirects=1", "max_redirects=12",
		"max_includes=1", "max_includes=7",
	} {
		t.Run(set, func(t *testing.T) {
			if testing.Short() && set != "" {
				t.Skip("an interview of 25 boots for each option")
			}
			t.Parallel()
			var b device.Behaviour
			var want []string
			for _, one := range strings.Split(set, " ") {
				if name, value, ok := strings.Cut(one, "="); ok && !strings.HasPrefix(one, "{") && !strings.HasPrefix(one, "(") {
					want = append(want, name+"="+setOption(t, &b, set, name, value))
				}
			}
			result, _ := asked(t, b, "")
			var got []string
			for _, f := range result.Options() {
				got = append(got, f.Name+"="+f.Value)
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("set and found:\n%s%v", diff, result.Open)
			}
		})
	}
}

// setOption sets an option; its value may have spaces where it is the only one.
func setOption(t *testing.T, b *device.Behaviour, all, name, value string) string {
	t.Helper()
	if strings.HasPrefix(all, name+"=") && strings.Contains(all, "{") {
		value = strings.TrimPrefix(all, name+"=")
	}
	if err := b.Set(name, value); err != nil {
		t.Fatal(err)
	}
	return value
}

// What is found is written as a behaviour file that makes a phone do the same, and the
// evidence is a capture that tells the same phone.
func TestInterviewWrites(t *testing.T) {
	var b device.Behaviour
	for _, f := range []string{"tftp_timeout=5", "on_failure=skip", "dhcp_hostname=it's"} {
		name, value, _ := strings.Cut(f, "=")
		if err := b.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	result, evidence := asked(t, b, "")
	var file bytes.Buffer
	if err := result.Write(&file); err != nil {
		t.Fatal(err)
	}
	var read device.Behaviour
	if err := read.ReadFile("found.yaml", file.Bytes()); err != nil {
		t.Fatalf("%v\n%s", err, &file)
	}
	if diff := cmp.Diff(b, read); diff != "" {
		t.Errorf("%s\n%s", diff, &file)
	}
	for _, want := range []string{"# How the phone 0021f2000001 (FIP14G V0.5.15) behaves", "\n# blank: 'keep' # HTTP: the phonebook's URL is blank\n"} {
		if !strings.Contains(file.String(), want) {
			t.Errorf("no %q in\n%s", want, &file)
		}
	}
	c, err := pcaps.Read("evidence", bytes.NewReader(evidence), pcaps.Options{})
	if err != nil || len(c.Notes) > 0 || len(c.Phones) != 1 || c.Phones[0].MAC != device.DefaultMAC {
		t.Fatalf("%v, %+v", err, c)
	}
}

// A phone that goes where it was told by hand says so, and is asked nothing more.
func TestInterviewStaticFirst(t *testing.T) {
	var b device.Behaviour
	if err := b.Set("source_order", "static,pnp,dhcp"); err != nil {
		t.Fatal(err)
	}
	result, _ := asked(t, b, "tftp://"+host+"/")
	if diff := cmp.Diff([]pcaps.Fact{{Name: "source_order", Value: "static,pnp,dhcp"}}, result.Options()); diff != "" || result.Asked != 1 ||
		len(result.Open) != 1 {
		t.Errorf("%+v\n%s", result, diff)
	}
}

// A boot is over when nothing was heard of the phone for a while; an interview that is
// broken off tells what was found until then.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := bench{new(wire.Memory)}
		p, relay := simulated(t, network, device.Behaviour{}, "")
		defer relay.Close()
		ctx, cancel := context.WithCancel(t.Context())
		var took []time.Duration
		result, err := interview.Run(ctx, options(network), func(ctx context.Context, boot *interview.Boot) error {
			start := time.Now()
			switch boot.Number {
			case 1:
				go func() { _, _ = p.Provision(ctx, device.PowerOn) }()
			case 3:
				cancel()
			} // nobody boots the second time
			err := boot.Wait(ctx, 10*time.Minute, 20*time.Second)
			took = append(took, time.Since(start))
			return err
		})
		if !errors.Is(err, context.Canceled) || result.Asked != 2 || len(result.Found) != 1 || len(result.Open) != 1 {
			t.Errorf("%v, %+v", err, result)
		}
		// The phone's linger of 500 ms, and what it does then takes no time here.
		if diff := cmp.Diff([]time.Duration{20*time.Second + 500*time.Millisecond, 10 * time.Minute, 0}, took); diff != "" {
			t.Error(diff)
		}
	})
}
