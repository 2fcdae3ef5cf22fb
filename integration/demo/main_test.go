package main

import (
	"bufio"
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestGuide runs the commands that the demo prints, word for word.
func TestGuide(t *testing.T) {
	output := runGuide(t, startDemo(t).commands)
	if strings.Contains(output, "came with a token") {
		t.Errorf("a token reached the store:\n%s", output)
	}
	for _, want := range []struct{ name, text string }{
		{"the API is told the user", `"X-Cognito-Username": "maria"`},
		{"the API is told the groups", `"X-User-Groups": "admins,editors"`},
		{"the API sees no token", `"saw_a_token": false`},
		{"a request without a token is refused", "HTTP/1.1 401 Unauthorized"},
		{"the refusal says how to authenticate", `Www-Authenticate: Bearer realm="cognito"`},
		{"a user without the group is refused", "HTTP/1.1 403 Forbidden"},
		{"spoofed headers do not arrive", `"identity_headers": {}`},
		{"the private website is served", "<h1>The private website</h1>"},
		{"a user reads the own upload", "\r\n\r\nHello from maria"},
		{"another user is told that it does not exist", "HTTP/1.1 404 Not Found"},
		{"the store saw the upload as maria's", `PUT     200  maria  signed with ASIA`},
		{"the store denied jose", `GET     403  jose   signed with ASIA`},
		{"the status shows trusted keys", `"trusted":true`},
		{"the status counts credentials", `"entries":2`},
	} {
		if !strings.Contains(output, want.text) {
			t.Errorf("%s: expected %q in:\n%s", want.name, want.text, output)
		}
	}
}

// TestReadmeCommands runs the commands of the README that go with the demo.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, commands, _ := strings.Cut(string(readme), "```sh\nsign_in() {")
	commands, _, found := strings.Cut(commands, "```")
	if !found {
		t.Fatal("expected the commands of the JSON API")
	}
	commands = strings.ReplaceAll("sign_in() {"+commands, "http://localhost:8080", startDemo(t).site)
	output := runGuide(t, "cd "+t.TempDir()+"\n"+commands)
	for _, want := range []string{
		`{"challenge":{"name":"SOFTWARE_TOKEN_MFA","needs":["code"],"round":1},"state":"`, `{"signed_in":true,"return_to":"/"}`,
		`"X-Cognito-Username": "tom"`,
	} {
		if !strings.Contains(output, want) {
			t.Errorf("expected %q in:\n%s", want, output)
		}
	}
}

// TestSignIn walks through the pages as a browser without scripts does.
func TestSignIn(t *testing.T) {
	d := startDemo(t)
	for name, then := range map[string]func(t *testing.T, v *visitor){
		"maria": func(*testing.T, *visitor) {},
		"sam":   func(t *testing.T, v *visitor) { v.submit(t, "code", d.codeFor(t, "sam")) },
	} {
		t.Run(name, func(t *testing.T) {
			v := &visitor{site: d.site, cookies: make(map[string]string)}
			v.open(t, "/")
			v.submit(t, "username", name)
			v.submit(t, "password", password)
			then(t, v)
			v.want(t, "/", "<dd>"+name+"</dd>")
			v.open(t, "/files/")
			v.want(t, "/files/", "<h1>The private website</h1>")
			v.send(t, http.MethodPost, "/_cognito/sign-out", url.Values{})
			v.want(t, "/_cognito/signed-out", "signed out")
			v.open(t, "/files/")
			v.want(t, "/_cognito/sign-in", `name="username"`)
		})
	}
}

func TestEverybodyIsListed(t *testing.T) {
	d := startDemo(t)
	v := &visitor{site: d.site, cookies: make(map[string]string)}
	v.open(t, "/users")
	for _, p := range people {
		v.want(t, "/users", p.Username)
	}
	v.open(t, "/messages")
	v.want(t, "/messages", "authenticator app")
}

// visitor is a browser that keeps cookies, Secure ones on localhost, too.
type visitor struct {
	site, path, body string
	cookies          map[string]string
}

func (v *visitor) open(t *testing.T, path string) {
	t.Helper()
	v.send(t, http.MethodGet, path, nil)
}

// submit fills in the form of the page, by pairs of a field and its value.
func (v *visitor) submit(t *testing.T, pairs ...string) {
	t.Helper()
	form := make(url.Values)
	for _, hidden := range hiddenInput.FindAllStringSubmatch(v.body, -1) {
		form.Set(hidden[1], html.UnescapeString(hidden[2]))
	}
	for pair := range slices.Chunk(pairs, 2) {
		v.want(t, "/_cognito/sign-in", `name="`+pair[0]+`"`)
		form.Set(pair[0], pair[1])
	}
	v.send(t, http.MethodPost, "/_cognito/sign-in", form)
}

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// send navigates, and follows redirects.
func (v *visitor) send(t *testing.T, method, target string, form url.Values) {
	t.Helper()
	to, err := url.Parse(v.site)
	for range 10 {
		if err == nil {
			to, err = to.Parse(target)
		}
		if err != nil {
			t.Fatal(err)
		}
		target = v.request(t, method, to, form)
		if target == "" {
			v.path = to.Path
			return
		}
		method, form = http.MethodGet, nil
	}
	t.Fatalf("too many redirects, at last to %s", target)
}

// request keeps the page, and returns where a redirect leads.
func (v *visitor) request(t *testing.T, method string, to *url.URL, form url.Values) (location string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to.String(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	v.body = string(body)
	for _, cookie := range answer.Cookies() {
		if delete(v.cookies, cookie.Name); cookie.MaxAge >= 0 {
			v.cookies[cookie.Name] = cookie.Value
		}
	}
	if target, ok := strings.CutPrefix(answer.Header.Get("Refresh"), "0; url="); ok {
		return target
	}
	return answer.Header.Get("Location")
}

func (v *visitor) want(t *testing.T, path, text string) {
	t.Helper()
	if v.path != path || !strings.Contains(v.body, text) {
		t.Fatalf("expected %q at %s, got %s with %s", text, path, v.path, v.body)
	}
}

// demo is one that runs.
type demo struct {
	site, commands string

	mu      sync.Mutex // guards printed
	printed []string
}

// startDemo runs the demo until the test ends, and keeps what it prints.
func startDemo(t *testing.T) *demo {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended, explained, read := make(chan error, 1), make(chan struct{}), make(chan struct{})
	go func() {
		ended <- run(ctx, writer)
		writer.Close()
	}()
	d := new(demo)
	go func() {
		defer close(read)
		d.read(reader, sync.OnceFunc(func() { close(explained) }))
	}()
	t.Cleanup(func() {
		cancel()
		<-read
		if err := <-ended; err != nil {
			t.Errorf("the demo does not end cleanly: %v", err)
		}
	})
	select {
	case <-explained:
	case <-read:
		t.Fatal("the demo explained nothing")
	}
	return d
}

// read reads to the end, since what is not read would hold the demo up.
func (d *demo) read(from io.Reader, explained func()) {
	lines := bufio.NewScanner(from)
	inCommands := false
	for lines.Scan() {
		line := lines.Text()
		d.mu.Lock()
		d.printed = append(d.printed, line)
		if len(d.printed) == 1 {
			_, d.site, _ = strings.Cut(line, "Open ")
			d.site, _, _ = strings.Cut(d.site, " ")
		}
		d.mu.Unlock()
		inCommands = inCommands || strings.HasPrefix(line, "# 1.")
		switch {
		case strings.HasPrefix(line, "Ctrl-C"):
			inCommands = false
			explained()
		case inCommands:
			d.commands += line + "\n"
		}
	}
}

// codeFor is the code that was sent last.
func (d *demo) codeFor(t *testing.T, user string) string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, line := range slices.Backward(d.printed) {
		if strings.Contains(line, " to "+user+",") {
			return line[strings.LastIndex(line, " ")+1:]
		}
	}
	t.Fatalf("expected a code for %s among %q", user, d.printed)
	return ""
}

func runGuide(t *testing.T, commands string) string {
	t.Helper()
	output, err := exec.Command("bash", "-euc", commands).CombinedOutput()
	if err != nil {
		t.Fatalf("%v (curl and bash are needed)\n%s", err, output)
	}
	return string(output)
}
