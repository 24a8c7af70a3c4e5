package faulty

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one mistake of a server. The zero value is none.
type Fault struct {
	Name     string // "tftp/miss-silence": the protocol, and what is wrong
	Protocol string // tftp, ftp, http, https; pnp, dhcp for what tells a phone its server; checksync for what notifies it
	Clause   Clause // of what a suite must catch
	Rule     string // id of the rule that is meant to catch it
	Doc      string // what the server does, and why real ones do

	// Rendered says that it is a fault of files which a server makes for phones of its
	// own: it shows only where those are fetched.
	Rendered bool

	// Beside is the protocol that is served beside the fault's own, where it is about both.
	Beside string

	spoil func(*behaviour)
}

// Clause is one thing that a suite of rules must catch at least.
type Clause string

// The clauses.
const (
	MissSilence     Clause = "a miss answered by silence"
	MissEmpty       Clause = "a miss answered by an empty file"
	MissCode        Clause = "a miss answered by a wrong error code"
	MissPage        Clause = "a miss answered by a success page"
	Truncated       Clause = "truncated content"
	Padded          Clause = "padded content"
	Reencoded       Clause = "re-encoded content"
	Compressed      Clause = "compressed content"
	Marked          Clause = "content with a byte order mark"
	LineEnds        Clause = "line ends converted"
	Reordered       Clause = "re-ordered content"
	Stale           Clause = "stale content after a change"
	Escape          Clause = "path escape"
	OtherPhone      Clause = "other phones' files served to this one"
	Names           Clause = "spaces, %, UTF-8 in names"
	Lost            Clause = "no retransmission after a lost packet"
	Duplicated      Clause = "duplicated packets"
	Negotiation     Clause = "option negotiation beyond RFC 2347-2349"
	TID             Clause = "wrong TID use"
	BlockWrap       Clause = "block numbers and the last block"
	Abandoned       Clause = "abandoned transfers that exhaust the server"
	NotAsked        Clause = "credentials not asked for"
	AnyAccepted     Clause = "any credentials accepted"
	BadCertificate  Clause = "bad certificates"
	OldTLS          Clause = "old TLS"
	Redirects       Clause = "redirect loops"
	TooModern       Clause = "too modern or too strict for an old phone's TLS"
	DataConnection  Clause = "data-connection faults"
	OneAtATime      Clause = "one-client-at-a-time service"
	MixedUp         Clause = "mixed-up content among many phones at once"
	LenientPnP      Clause = "PnP answers that only a lenient phone would take"
	LenientDHCP     Clause = "DHCP answers that only a lenient phone would take"
	AfterMalformed  Clause = "stops serving after malformed requests"
	WrongServer     Clause = "what NOTIFY or option 66 named is not what serves"
	OtherSettings   Clause = "settings other than those published"
	BrokenFraming   Clause = "answers that end otherwise than they announce"
	RefusesRequests Clause = "requests as phones make them refused"
	CheckSyncFaults Clause = "check-sync NOTIFYs that phones don't understand"
	AgainAndAgain   Clause = "phones that provision again and again"
)

// behaviour is all that a fault can change; its zero value is a server that is right.
type behaviour struct {
	answer func(next answerer) answerer            // what is served; nil: the tree
	search func(s *Server, next answerer) answerer // as answer, with a look into the tree
	tftp   tftpFault
	ftp    ftpFault
	http   httpFault
	tls    tlsFault
	pnp    pnpFault
	dhcp   dhcpFault
	sync   syncFault
}

// spec is a line of a table of faults.
type spec struct {
	name      string
	protocols string // separated by spaces
	clause    Clause
	rule      string
	doc       string
	spoil     func(*behaviour)
}

// All returns every fault, by protocol and clause.
func All() []Fault {
	var all []Fault
	for _, table := range [][]spec{missFaults(), contentFaults(), nameFaults(), tftpFaults(), ftpFaults(), httpFaults(), tlsFaults(),
		renderedFaults(), orderFaults(), crowdFaults(), triggerFaults(), pnpFaults(), dhcpFaults(), syncFaults()} {
		for _, s := range table {
			for _, protocol := range strings.Fields(s.protocols) {
				all = append(all, Fault{
					Name: protocol + "/" + s.name, Protocol: protocol, Clause: s.clause, Rule: s.rule, Doc: s.doc, spoil: s.spoil,
					Rendered: strings.HasPrefix(s.name, rendered), Beside: other(s.name),
				})
			}
		}
	}
	return all
}

// other is the second protocol of a fault between two.
func other(name string) string {
	if protocol, ok := strings.CutPrefix(name, apart); ok {
		return protocol
	}
	return ""
}

// Find returns the fault of a name. Its error lists those that are near.
func Find(name string) (Fault, error) {
	all := All()
	if i := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name }); i >= 0 {
		return all[i], nil
	}
	var near []string
	for _, f := range all {
		if protocol, _, _ := strings.Cut(name, "/"); f.Protocol == protocol {
			near = append(near, f.Name)
		}
	}
	return Fault{}, fmt.Errorf("faulty: there is no fault %q; there are: %s", name, strings.Join(near, ", "))
}
