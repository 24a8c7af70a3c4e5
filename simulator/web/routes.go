package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
)

//go:embed pages assets
var files embed.FS

// The places of the pages.
const (
	statusPath    = "/"
	settingsPath  = "/settings"
	timelinePath  = "/timeline"
	provisionPath = "/administration/provision"
	resetPath     = "/administration/reset"
)

// pages are the templates, one for each page, each within the same frame.
var pages = func() map[string]*template.Template {
	all := make(map[string]*template.Template)
	for _, name := range []string{"status", "settings", "timeline", "provision", "reset"} {
		all[name] = template.Must(template.New("frame.html").Funcs(template.FuncMap{"link": newLink}).ParseFS(files,
			"pages/frame.html", "pages/parts.html", "pages/"+name+".html"))
	}
	return all
}()

// link is one entry of the menu.
type link struct {
	To, Text string
	Here     bool
}

func newLink(f frame, to, text string) link { return link{to, text, f.Path == to} }

// handler returns all that the page answers.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(s.status))
	mux.HandleFunc("GET "+settingsPath, s.page(s.settings))
	mux.HandleFunc("GET "+timelinePath, s.page(s.timeline))
	mux.HandleFunc("GET "+provisionPath, s.page(s.provision))
	mux.HandleFunc("POST "+provisionPath, s.page(s.saveAndApply))
	mux.HandleFunc("GET "+resetPath, s.page(s.reset))
	mux.HandleFunc("POST "+resetPath, s.page(s.factoryReset))
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "assets/"+r.PathValue("name"))
	})
	return s.guard(mux)
}

// answer is what a request comes to: a page, or a redirect after a form.
type answer struct {
	page     string // of pages
	title    string
	status   int    // 0: 200
	redirect string // instead of a page
	message  *message
	content  any
}

// message is what a form came to, in a sentence.
type message struct {
	Bad  bool
	Text string
}

// frame is what every page is made of.
type frame struct {
	Title    string
	Path     string
	Who      who
	Message  *message
	Timeline timelineView
	Content  any
}

// page turns a function that knows what to show into a handler.
func (s *Server) page(show func(*http.Request) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := show(r)
		if a.redirect != "" {
			// 303: the browser asks for the page with GET (RFC 9110 §15.4.4).
			http.Redirect(w, r, a.redirect, http.StatusSeeOther)
			return
		}
		s.render(w, r, a)
	}
}

func (s *Server) render(w http.ResponseWriter, r *http.Request, a answer) {
	f := frame{
		Title: a.title, Path: r.URL.Path, Who: s.who(), Message: a.message, Content: a.content,
		Timeline: s.timelineView(sideLines),
	}
	if a.page == "timeline" {
		f.Timeline = s.timelineView(timelineLines)
	}
	var body bytes.Buffer // whole or not at all
	if err := pages[a.page].Execute(&body, f); err != nil {
		http.Error(w, "this page cannot be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = body.WriteTo(w) // the browser went away
}

// form reads a form that was sent. Its error is for the one who sent it.
func form(r *http.Request) (*message, int) {
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &message{Bad: true, Text: "That is more than this form takes."}, http.StatusRequestEntityTooLarge
	case err != nil:
		return &message{Bad: true, Text: "The form could not be read."}, http.StatusBadRequest
	}
	return nil, 0
}
