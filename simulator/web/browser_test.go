package web

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
)

// chromium starts Debian's Chromium without a window and returns a tab of it. It talks
// to nobody but the page: no updates, no reports.
func chromium(t *testing.T) *tab {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv(testbed.RequireReal) == "1" {
			t.Fatalf("chromium is not installed, and %s is set", testbed.RequireReal)
		}
		t.Skip("chromium is not installed: run make servers")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		chromedp.CombinedOutput(io.Discard),
	)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(cancel)
	return &tab{t, ctx}
}

// office is a running phone, the servers that it may be sent to, and its page.
type office struct {
	phone    *phone.Phone
	page     *Server
	recorder *trace.Recorder
	rules    [2]string // Profile Rules of the two servers
	trees    [2]*server.Server
}

// newOffice starts a phone that is provisioned from the first of two servers.
func newOffice(t *testing.T, trees [2]fstest.MapFS) *office {
	t.Helper()
	o := new(office)
	for i, tree := range trees {
		s, err := server.Start(t.Context(), server.Options{HTTP: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		s.SetTree(tree)
		o.trees[i], o.rules[i] = s, s.URL("http").String()
	}
	timeline := new(Timeline)
	recorder := new(trace.Recorder)
	p, err := phone.New(phone.Options{
		Finders: map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: o.rules[0]}},
		Trace:   trace.NewStream(device.DefaultMAC, trace.Tee(recorder, timeline)),
	})
	if err != nil {
		t.Fatal(err)
	}
	o.phone, o.recorder = p, recorder
	alive, kill := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(alive) }()
	t.Cleanup(func() {
		kill()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if _, err := recorder.Wait(t.Context(), trace.OfKind(trace.IntervalNext)); err != nil {
		t.Fatal(err)
	}
	o.page, err = Start(t.Context(), Options{Phone: p, Timeline: timeline})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.page.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return o
}

// tab is one page that a browser shows.
type tab struct {
	*testing.T
	ctx context.Context
}

// do takes steps in the tab.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// evaluate runs an expression in the page.
func evaluate[T any](b *tab, js string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits for a condition in the page. It does not survive that the page is loaded
// again. (chromedp's own way of waiting compiles text in the page, whose policy forbids
// that.)
func (b *tab) until(js string) {
	b.Helper()
	wait := `new Promise(done => {
		const look = () => { if (` + js + `) done(true); };
		new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
		setInterval(look, 100); // the address changes without the document
		look();
	})`
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](wait, chromedp.EvalAwaitPromise)); err != nil {
		b.Fatalf("%s: %v; the page:\n%s", js, err, evaluate[string](b, "document.body.innerText"))
	}
}

// visit opens a page, and notes what would be gone if it was loaded again.
func (b *tab) visit(address string) {
	b.Helper()
	b.do(chromedp.Navigate(address))
	evaluate[bool](b, `window.visited = true`)
	b.until(`document.getElementById("timeline") === null || document.getElementById("link").textContent === "live"`)
}

// stayed fails where the page was loaded again since visit.
func (b *tab) stayed() {
	b.Helper()
	if !evaluate[bool](b, `window.visited === true`) {
		b.Error("the page was loaded again")
	}
}

// saveAndApply types into Profile Rule, over what is there, and clicks.
func (b *tab) saveAndApply(rule string) {
	b.Helper()
	evaluate[any](b, `document.getElementById("profile_rule").select()`)
	b.do(chromedp.SendKeys("#profile_rule", rule), chromedp.Click("#provision button"))
}

// trees are what the two servers of the tests publish.
func trees() [2]fstest.MapFS {
	return [2]fstest.MapFS{
		{"y000000000000.cfg": {Data: []byte("lang.gui=English\naccount.1.label=Reception\n")}},
		{"0021f2000001.cfg": {Data: []byte("lang.gui=German\naccount.1.password=sesame\n")}},
	}
}

// A person opens Administration > Provision, types another server into Profile Rule,
// clicks Save & Apply, and sees the new settings and the timeline, without the page
// being loaded again.
func TestBrowserSaveAndApply(t *testing.T) {
	o := newOffice(t, trees())
	b := chromium(t)
	b.visit(o.page.URL() + "administration/provision")
	if got := evaluate[string](b, `document.getElementById("profile_rule").value`); got != o.rules[0] {
		t.Errorf("Profile Rule is %q, want %q", got, o.rules[0])
	}

	b.saveAndApply("gopher://10.0.0.1/")
	b.until(`document.getElementById("message").textContent.startsWith("Not saved:")`)
	if got := evaluate[string](b, `document.getElementById("profile_rule").value`); got != "gopher://10.0.0.1/" {
		t.Errorf("what was typed has become %q", got)
	}

	b.saveAndApply(o.rules[1])
	b.until(`document.getElementById("message").textContent.startsWith("Saved.")`)
	b.until(`/lang\.gui[^]*0021f2000001\.cfg:1[^]*English[^]*German/.test(document.getElementById("pass").textContent)`)
	b.until(`/save-and-apply[^]*0021f2000001\.cfg[^]*provisioned in/.test(document.getElementById("timeline").textContent)`)
	b.until(`document.getElementById("announce").textContent.includes("provisioned in")`)
	b.stayed()
	if text := evaluate[string](b, `document.documentElement.outerHTML`); strings.Contains(text, "sesame") {
		t.Error("the page shows a secret")
	}
	if got, _ := o.phone.Settings().Get("lang.gui"); got != "German" {
		t.Errorf("the phone holds lang.gui=%s", got)
	}
}

// The page of settings follows what the phone downloads, and searches while one types.
func TestBrowserSettings(t *testing.T) {
	o := newOffice(t, trees())
	b := chromium(t)
	b.visit(o.page.URL() + "settings")
	b.until(`document.getElementById("settings").textContent.includes("English")`)

	o.trees[0].SetTree(fstest.MapFS{
		"y000000000000.cfg": {Data: []byte("lang.gui=French\naccount.1.label=Reception\n")},
		"0021f2000001.cfg":  {Data: []byte("\nlang.gui=Dutch\n")},
	})
	o.phone.Trigger(device.CheckSync)
	b.until(`/Dutch[^]*0021f2000001\.cfg:2[^]*French[^]*overridden/.test(document.getElementById("settings").textContent)`)

	b.do(chromedp.SendKeys("#q", "recep"))
	b.until(`document.getElementById("found").textContent === "1 of 2 settings match."`)
	b.until(`location.search === "?q=recep"`) // the address keeps the search, once the typing is over
	b.stayed()
}

// Without JavaScript the forms are sent, and what they did is on the page that follows.
func TestBrowserWithoutJavaScript(t *testing.T) {
	o := newOffice(t, trees())
	b := chromium(t)
	off := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
	b.do(off,
		chromedp.Navigate(o.page.URL()+"administration/provision"),
		chromedp.Clear("#profile_rule"),
		chromedp.SendKeys("#profile_rule", o.rules[1]),
		chromedp.Click("#provision button"),
		chromedp.WaitVisible("#message.good"),
	)
	if _, err := o.recorder.Wait(b.ctx, func(e trace.Event) bool { return e.Kind == trace.PassDone && e.Pass == 2 }); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(o.page.URL()+"settings?q=lang"), chromedp.WaitVisible("#settings table"))
	text, err := chromedp.Run(b.ctx, chromedp.Text("#settings"))
	if err != nil || !strings.Contains(text, "German") {
		t.Errorf("%v: %s", err, text)
	}
}

// Every page fits a narrow screen and a wide one, and breaks no rule of its own policy.
func TestBrowserLayout(t *testing.T) {
	o := newOffice(t, trees())
	b := chromium(t)
	for _, path := range []string{"", "settings", "timeline", "administration/provision", "administration/reset"} {
		for _, width := range []int64{390, 1280} {
			b.do(chromedp.EmulateViewport(width, 800))
			b.visit(o.page.URL() + path)
			if got := evaluate[int64](b, `document.documentElement.scrollWidth`); got > width {
				t.Errorf("/%s is %d wide on a screen of %d", path, got, width)
			}
			unnamed := `[...document.querySelectorAll("input, button, nav, section, [role=region], [role=log]")].filter(e =>
				!(e.labels?.length || e.textContent.trim() || e.ariaLabel || e.getAttribute("aria-labelledby"))).length`
			if n := evaluate[int](b, unnamed); n > 0 {
				t.Errorf("/%s: %d controls or landmarks without a name", path, n)
			}
			elsewhere := `performance.getEntriesByType("resource").filter(e => !e.name.startsWith(location.origin)).map(e => e.name).join()`
			if got := evaluate[string](b, elsewhere); got != "" {
				t.Errorf("/%s loads %s", path, got)
			}
		}
	}
}
