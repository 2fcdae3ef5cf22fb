//go:build interop

package page_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
)

// install is what makes the Node script work.
const install = "(cd plugin/internal/page/testdata/axe && npm install --package-lock=false)"

// A tested page is one that the script opens.
type testedPage struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	Focus string `json:"focus"`
	QR    string `json:"qr,omitempty"`
}

// pageServer serves every state with its headers, and keeps what is posted.
type pageServer struct {
	*httptest.Server
	pages  *page.Pages
	states map[string]page.View
	posted []string
}

func startPages(t *testing.T) *pageServer {
	s := &pageServer{pages: newPages(t, theme(t)), states: states()}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	v := s.states["web_authn"]
	v.Challenge.Options = strings.Replace(options, "example.com", "localhost", 1)
	s.states["web_authn_here"] = v
	return s
}

func (s *pageServer) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.posted = append(s.posted, r.FormValue("credential"))
	}
	v, ok := s.states[strings.TrimPrefix(r.URL.Path, "/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	for name, value := range s.pages.Headers(v) {
		w.Header().Set(name, value)
	}
	if err := s.pages.Render(w, v); err != nil {
		panic(err)
	}
}

// at is the URL of a state on localhost, where browsers allow passkeys.
func (s *pageServer) at(name string) string {
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return "http://localhost:" + port + "/" + name
}

// focus is the ID of what has the focus once the page is there.
func focusOf(t *testing.T, html string) string {
	for _, node := range parse(t, html).all() {
		if has(node, "autofocus") {
			return attr(node, "id")
		}
	}
	return ""
}

// TestInteropChromium has axe-core judge every state in both colour schemes, at
// the width that WCAG names for reflow, under the page's own policy; reads the QR
// code back; and signs in with a passkey. It never skips: who asks for the interop
// tests wants to know that they ran. SCREENSHOTS names a folder for pictures.
func TestInteropChromium(t *testing.T) {
	server := startPages(t)
	input := map[string]any{
		"chromium": need(t, "chromium", "apt-get install chromium"), "screenshots": os.Getenv("SCREENSHOTS"),
		"pages": server.tested(t), "passkey": map[string]string{"url": server.at("web_authn_here"), "credentialId": "AQID"},
	}
	var faults []string
	if err := json.Unmarshal(runNode(t, input), &faults); err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
	checkCredential(t, server.posted)
}

func (s *pageServer) tested(t *testing.T) []testedPage {
	var list []testedPage
	for _, name := range stateNames() {
		v := s.states[name]
		one := testedPage{Name: name, URL: s.at(name), Focus: focusOf(t, render(t, s.pages, v))}
		if v.Challenge.Secret != "" {
			one.QR = string(v.Challenge.TOTPURI("Example Orders", v.Username))
		}
		list = append(list, one)
	}
	return list
}

func need(t *testing.T, program, how string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is missing: %s", program, how)
	}
	return path
}

func runNode(t *testing.T, input any) []byte {
	t.Helper()
	dir := filepath.Join("testdata", "axe")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "axe-core")); err != nil {
		t.Fatalf("axe-core is missing: run %s", install)
	}
	data, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), need(t, "node", "install Node.js 20 or later"), "check.mjs")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(data)
	var stderr strings.Builder
	cmd.Stderr = io.Writer(&stderr)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.String())
	}
	return out
}

// checkCredential expects what Cognito wants: the JSON of an authentication
// response.
func checkCredential(t *testing.T, posted []string) {
	t.Helper()
	if len(posted) != 1 {
		t.Fatalf("expected one post, got %d", len(posted))
	}
	var credential struct {
		ID, RawID, Type string
		Response        struct{ ClientDataJSON, AuthenticatorData, Signature, UserHandle string }
	}
	if err := json.Unmarshal([]byte(posted[0]), &credential); err != nil {
		t.Fatalf("expected JSON, got %q", posted[0])
	}
	got := fmt.Sprint(credential.ID, " ", credential.RawID, " ", credential.Type)
	if got != "AQID AQID public-key" {
		t.Errorf("expected the passkey AQID, got %s", got)
	}
	for _, part := range []string{credential.Response.AuthenticatorData, credential.Response.Signature, credential.Response.UserHandle} {
		if raw, err := base64.RawURLEncoding.DecodeString(part); err != nil || len(raw) == 0 {
			t.Errorf("expected base64url, got %q", part)
		}
	}
	data, _ := base64.RawURLEncoding.DecodeString(credential.Response.ClientDataJSON)
	if !bytes.Contains(data, []byte(`"challenge":"q83vEjRWeJA"`)) {
		t.Errorf("expected an answer to the challenge, got %s", data)
	}
}
