package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// members returns the names that an interface of index.d.ts declares.
func members(t *testing.T, text, name string) []string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "export interface "+name+" {\n")
	if !ok {
		t.Fatalf("no interface %s", name)
	}
	body, _, _ := strings.Cut(rest, "\n  }\n")
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^    (?:readonly )?(\w+)\??[:(]`).FindAllStringSubmatch(body, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names
}

// What editors are told is what there is: a script asks for the names, and index.d.ts has the same.
func TestTypes(t *testing.T) {
	body, err := os.ReadFile("fip/index.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	at, _ := serve(t, 1)
	script := write(t, "names.js", `
import fip, { phone, mac } from 'k6/x/fip';
const say = (what, names) => console.log(what + '=' + names.sort().join(' ') + ';');
export default function () {
  try { phone({ nosuch: 1 }); } catch (e) { say('PhoneOptions', e.message.split('there are: ')[1].split(', ')); }
  const p = fip.phone({ mac: mac(), server: __ENV.SERVER });
  say('Phone', Object.keys(p));
  const pass = p.provision();
  say('Pass', Object.keys(pass));
  say('File', Object.keys(pass.files[0]));
  try { p.provision({ trigger: 'x' }); } catch (e) { say('Trigger', e.message.split('there are: ')[1].split(' ')); }
}
`)
	r := k6(t, nil, "k6-fipsim", "run", "--quiet", "--address", "", "-e", "SERVER="+at, script)
	for _, name := range []string{"PhoneOptions", "Phone", "Pass", "File"} {
		want := name + "=" + strings.Join(members(t, string(body), name), " ") + ";"
		if !strings.Contains(r.out, want) {
			t.Errorf("index.d.ts has %s\n%s", want, r.out)
		}
	}
	triggers := regexp.MustCompile(`Trigger=([^;]*);`).FindStringSubmatch(r.out)
	if triggers == nil {
		t.Fatal(r.out)
	}
	for _, word := range strings.Fields(triggers[1]) {
		if !strings.Contains(string(body), "'"+word+"'") {
			t.Errorf("index.d.ts has no trigger %s", word)
		}
	}
}

// The compiler takes the types, and the examples by them.
func TestTypesCompile(t *testing.T) {
	tsc, err := exec.LookPath("tsc")
	if err != nil {
		const why = "not installed: tsc, the TypeScript compiler; make servers has it, or npm install --global typescript"
		if os.Getenv("FIPSIM_REQUIRE_REAL") == "1" { // nothing may be skipped
			t.Fatal(why)
		}
		t.Skip(why)
	}
	// k6's own types are a package of npm's; what the examples use of them is little.
	k6 := write(t, "k6.d.ts", `
declare module 'k6' {
  export function check<T>(value: T, checks: Record<string, (value: T) => boolean>): boolean;
  export function sleep(seconds: number): void;
}
declare module 'k6/execution' {
  const exec: { scenario: { name: string; iterationInTest: number }; vu: { idInTest: number } };
  export default exec;
}
declare const __ENV: Record<string, string>;
declare function open(path: string): string;
`)
	examples, err := filepath.Glob("examples/*.js")
	if err != nil || len(examples) != 4 {
		t.Fatalf("%v, %v", examples, err)
	}
	args := append([]string{"--noEmit", "--allowJs", "--checkJs", "--strict", "--noImplicitAny", "false", "--target", "es2022",
		"--module", "esnext", "--moduleResolution", "node", "fip/index.d.ts", k6}, examples...)
	if out, err := exec.CommandContext(t.Context(), tsc, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
