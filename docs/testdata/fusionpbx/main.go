// Command fusionpbx stands in for the part of FusionPBX that phones see, where it has not
// been fetched (make fusionpbx): it answers /app/provision/MAC.cfg with what the template
// flyingvoice/fip14g makes of the rows of v_devices and v_device_lines. What it does wrong,
// the template does wrong.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
)

var own = regexp.MustCompile(`^/app/provision/([0-9a-f]{12})\.cfg$`)

// lines asks for what app/provision/resources/classes/provision.php hands to a template.
const lines = `SELECT l.line_number, l.display_name, l.auth_id, l.user_id, l.password, l.server_address, l.sip_port, l.register_expires
FROM v_devices d JOIN v_device_lines l USING (device_uuid)
WHERE d.device_address = '%s' AND d.device_enabled AND l.enabled
AND d.device_template ~ '^flyingvoice/fip(10|11c|12wp|13g|14g|15g|16)$' ORDER BY l.line_number::int`

// template is what the real one says of an account. Its label is the display name, and the
// address of each account's server goes to the first account.
const template = `account.%[1]s.enable = 1
account.%[1]s.label = %[2]s
account.%[1]s.display_name = %[2]s
account.%[1]s.auth_name = %[3]s
account.%[1]s.user_name = %[4]s
account.%[1]s.password = %[5]s
 account.1.sip_server.1.address= %[6]s
account.%[1]s.sip_server.1.port= %[7]s
account.1.sip_server.1.transport_type = 0
account.%[1]s.sip_server.1.expires= %[8]s
`

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		name := own.FindStringSubmatch(r.URL.Path)
		if name == nil {
			http.NotFound(w, r)
			return
		}
		out, err := exec.CommandContext(r.Context(), "psql", "-XqtA", "-F", "\t", "-c", fmt.Sprintf(lines, name[1])).Output()
		if err != nil {
			http.Error(w, "database", http.StatusInternalServerError)
			return
		}
		if len(out) == 0 {
			http.NotFound(w, r)
			return
		}
		var b strings.Builder
		b.WriteString("#!version:1.0.0.1\n")
		for line := range strings.Lines(string(out)) {
			var row []any
			for column := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), "\t") {
				row = append(row, column)
			}
			fmt.Fprintf(&b, template, row...)
		}
		w.Header().Set("Content-Length", fmt.Sprint(b.Len()))
		_, _ = w.Write([]byte(b.String())) // the phone went away: nobody to tell
	})
	go func() { log.Fatal(http.ListenAndServe("192.0.2.1:80", nil)) }()
	log.Fatal(http.ListenAndServeTLS("192.0.2.1:443", "/etc/ssl/certs/nginx.crt", "/etc/ssl/private/nginx.key", nil))
}
