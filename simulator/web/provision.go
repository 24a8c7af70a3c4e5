package web

import (
	"net/http"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// provisionView is Administration > Provision.
type provisionView struct {
	Rule    string // as the field shows it
	Invalid bool
	Life    lifeView
	Pass    passView
}

// done names, in a redirect, what a form came to.
var done = map[string]string{
	"saved": "Saved. The phone provisions itself now.",
	"later": "Saved. The phone has no power at the moment; it provisions itself when it is on again.",
	"reset": "Flash is empty: the phone is as it left the factory.",
}

// messageOf is the message that a redirect asks for; nil for none.
func messageOf(r *http.Request) *message {
	if text := done[r.URL.Query().Get("done")]; text != "" {
		return &message{Text: text}
	}
	return nil
}

// provision shows Administration > Provision: "Go to Administration > Provision >
// Configuration Profile, type in the access URL of the provisioning server in the
// Profile Rule field" (Guide, "Auto Provision
// Configuration Instance").
func (s *Server) provision(r *http.Request) answer {
	return s.provisionPage(s.shownRule(), messageOf(r), 0)
}

func (s *Server) provisionPage(rule string, m *message, status int) answer {
	return answer{
		page: "provision", title: "Provision", message: m, status: status,
		content: provisionView{
			Rule: trace.Clean(rule), Invalid: m != nil && m.Bad,
			Life: s.lifeView(), Pass: viewPass(s.options.Phone.Last()),
		},
	}
}

// saveAndApply takes the Profile Rule: "Click Save & Apply on the bottom of the page to
// trig the phone to perform auto provisioning" (Guide, "Auto Provision
// Configuration Instance").
func (s *Server) saveAndApply(r *http.Request) answer {
	if m, status := form(r); m != nil {
		return s.provisionPage(s.shownRule(), m, status)
	}
	typed := r.PostForm.Get("profile_rule")
	if err := s.setRule(typed); err != nil {
		m := &message{Bad: true, Text: "Not saved: " + trace.Clean(err.Error())}
		return s.provisionPage(shownRule(typed), m, http.StatusUnprocessableEntity)
	}
	said := "saved"
	if now := s.options.Phone.Status().State; now == phone.StateOff || now == phone.StateRebooting {
		said = "later" // it hears no trigger
	}
	s.options.Phone.Trigger(device.SaveApply)
	return answer{redirect: pathWith(provisionPath, "done", said)}
}

// reset shows Administration > Factory Reset.
func (s *Server) reset(r *http.Request) answer {
	return answer{page: "reset", title: "Factory Reset", message: messageOf(r), content: s.options.Phone.Settings().Len()}
}

// factoryReset empties flash, where that was confirmed.
func (s *Server) factoryReset(r *http.Request) answer {
	m, status := form(r)
	if m == nil && r.PostForm.Get("sure") != "yes" {
		m, status = &message{Bad: true, Text: "Not reset: tick the box first."}, http.StatusUnprocessableEntity
	}
	if m == nil {
		err := s.options.Phone.FactoryReset()
		if err == nil {
			return answer{redirect: pathWith(resetPath, "done", "reset")}
		}
		m, status = &message{Bad: true, Text: "Not reset: " + trace.Clean(err.Error())}, http.StatusInternalServerError
	}
	a := s.reset(r)
	a.message, a.status = m, status
	return a
}
