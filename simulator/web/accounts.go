package web

import (
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// maxAccounts is how many accounts are looked for where the model is unknown.
const maxAccounts = 16

// accountRow is one enabled account.
type accountRow struct {
	Index               int
	Label, User, Server string
	State, Tone, Detail string
	Until               clock
}

// accounts are the enabled ones, with what became of their registration.
func (s *Server) accounts() []accountRow {
	registered := make(map[int]phone.Registration)
	if s.options.Registrations != nil {
		for _, r := range s.options.Registrations() {
			registered[r.Account] = r
		}
	}
	most, ok := device.Accounts(s.options.Phone.Identity().Model)
	if !ok {
		most = maxAccounts
	}
	settings := s.options.Phone.Settings()
	var rows []accountRow
	for i := 1; i <= most; i++ {
		if a := settings.Account(i); a.Enabled {
			row := viewAccount(a, registered[i])
			if s.options.Registrations == nil {
				row.Detail = "this phone has no SIP side"
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// viewAccount shows an account with its registration, the zero one where there is none.
func viewAccount(a config.Account, r phone.Registration) accountRow {
	row := accountRow{
		Index: a.Index, Label: shown("label", a.Label), User: shown("user_name", a.User),
		State: r.State, Tone: registrationTone(r.State), Detail: trace.Clean(r.Detail), Until: clock(r.Expires),
	}
	if a.Server != "" {
		row.Server = strings.ToUpper(a.Transport) + " " + shown("server", a.Server)
	}
	if r.Server != "" {
		row.Server = strings.ToUpper(a.Transport) + " " + trace.Clean(r.Server)
	}
	if r.State == "" {
		row.State = phone.RegistrationOff
	}
	return row
}

func registrationTone(state string) string {
	switch state {
	case phone.Registered:
		return "good"
	case phone.RegistrationRegistering:
		return "odd"
	case phone.RegistrationFailed:
		return "bad"
	default:
		return "plain"
	}
}
