package report_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/fipsim/fipsim/steps/report"
)

// walk calls visit for every element of a page.
func walk(t *testing.T, page string, visit func(n *html.Node, attr map[string]string)) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			attr := make(map[string]string)
			for _, a := range n.Attr {
				attr[a.Key] = a.Val
			}
			visit(n, attr)
		}
	}
}

// A page loads nothing from elsewhere, runs no script but its own and has no way to:
// its policy names them by their hashes. What a server sent makes no element.
func TestPageIsSelfContained(t *testing.T) {
	for name, run := range map[string]*report.Run{"failing": failing(), "hostile": hostile(), "empty": {}} {
		page := write(t, "html", run)
		policy := ""
		count := make(map[string]int)
		walk(t, page, func(n *html.Node, attr map[string]string) {
			count[n.Data]++
			if attr["http-equiv"] == "Content-Security-Policy" {
				policy = attr["content"]
			}
			for key, value := range attr {
				if strings.HasPrefix(key, "on") || key == "style" || key == "src" || key == "action" || key == "href" && !strings.HasPrefix(value, "#") {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, key, value)
				}
			}
			if n.Data == "script" || n.Data == "style" {
				sum := sha256.Sum256([]byte(n.FirstChild.Data))
				if want := n.Data + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
					t.Errorf("%s: the policy has no %s: %s", name, want, policy)
				}
			}
		})
		if !strings.HasPrefix(policy, "default-src 'none'; ") {
			t.Errorf("%s: policy %q", name, policy)
		}
		if count["script"] != 1 || count["style"] != 1 || count["img"] != 0 || count["link"] != 0 || count["iframe"] != 0 {
			t.Errorf("%s: elements %v", name, count)
		}
	}
}

// What failed stands open, what passed is folded, and each link leads somewhere.
func TestPageShowsWhatFailed(t *testing.T) {
	open := make(map[string]bool)
	ids, links := make(map[string]int), []string{}
	walk(t, write(t, "html", failing()), func(n *html.Node, attr map[string]string) {
		if attr["id"] != "" {
			ids[attr["id"]]++
		}
		if standing := attr["data-standing"]; standing != "" {
			_, open[standing] = attr["open"]
		}
		if n.Data == "a" {
			links = append(links, strings.TrimPrefix(attr["href"], "#"))
		}
	})
	for standing, want := range map[string]bool{"fail": true, "error": true, "warning": true, "known": false, "pass": false, "skip": false} {
		if got, ok := open[standing]; !ok || got != want {
			t.Errorf("%s: there %t, open %t, want %t", standing, ok, got, want)
		}
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("id %s: %d times", id, n)
		}
	}
	if len(links) != 3 { // past the head, to the failure, to the error
		t.Errorf("links %q", links)
	}
	for _, link := range links {
		if ids[link] != 1 {
			t.Errorf("a link leads nowhere: %s", link)
		}
	}
}

// The page says at the top what the terminal says at its end.
func TestPageVerdict(t *testing.T) {
	for want, run := range map[string]*report.Run{
		"fails": failing(), "conforms": passing(), "could not judge": {},
	} {
		got := ""
		walk(t, write(t, "html", run), func(n *html.Node, attr map[string]string) {
			if attr["class"] == "word" {
				got = n.FirstChild.Data
			}
		})
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
