// Package web is the phone's management page, in the places that the guide names:
// status, effective settings with where they come from, Administration > Provision >
// Configuration Profile with Profile Rule and Save & Apply, and the live timeline.
//
// It is plain HTML that works without JavaScript; with it the pages follow what
// happens without being loaded again. Nothing is loaded from elsewhere, and no page
// shows a secret.
package web
