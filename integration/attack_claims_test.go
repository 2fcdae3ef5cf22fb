package integration_test

import (
	"strings"
	"testing"
)

// TestClaimsCannotBreakOut: whatever a user writes into an attribute, or a
// trigger into a claim, it is one value in one header, and no template.
func TestClaimsCannotBreakOut(t *testing.T) {
	t.Setenv("EDGE_SECRET", "hunter2")
	w := started(t, setup{site: `cognito_auth main {
		forward nickname > X-Nickname
		forward list > X-List
	}
	reverse_proxy $UPSTREAM {
		header_up X-Up {http.auth.user.safe}
		header_up X-Id {http.auth.user.id}
	}`})
	rows := []struct{ name, value, want string }{
		{"a line break and a header", "jo\r\nX-Cognito-Sub: mallory", "jo%0D%0AX-Cognito-Sub: mallory"},
		{"a bare line feed", "jo\nX-Cognito-Sub: mallory", "jo%0AX-Cognito-Sub: mallory"},
		{"a bare carriage return", "jo\rmallory", "jo%0Dmallory"},
		{"a whole request", "\r\n\r\nGET /admin HTTP/1.1\r\n\r\n", "%0D%0A%0D%0AGET /admin HTTP/1.1%0D%0A%0D%0A"},
		{"a NUL", "jo\x00mallory", "jo%00mallory"},
		{"a delete", "jo\x7f", "jo%7F"},
		{"an encoded line break is encoded again", "jo%0D%0Amallory", "jo%250D%250Amallory"},
		{"an environment placeholder", "{env.EDGE_SECRET}", "{env.EDGE_SECRET}"},
		{"a file placeholder", "{file./etc/passwd}", "{file./etc/passwd}"},
		{"a request placeholder", "{http.request.header.Authorization}", "{http.request.header.Authorization}"},
		{"a placeholder of ours", "{http.auth.user.sub}", "{http.auth.user.sub}"},
		{"a template", "{{env \"EDGE_SECRET\"}}${EDGE_SECRET}", "{{env \"EDGE_SECRET\"}}${EDGE_SECRET}"},
		{"names beyond ASCII", "Zoë 李", "Zo%C3%AB %E6%9D%8E"},
		{"a right-to-left override", "jo\u202eyrollam", "jo%E2%80%AEyrollam"},
		{"spaces at the ends", "  jo\t", "%20 jo%09"},
		{"a comma", "a,b", "a,b"},
		{"an address with two at signs", "attacker@evil@company.example", "attacker@evil@company.example"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, pool: w.pool, upstream: w.upstream, web: w.web}
			w.wantStatus(200, w.bearer(w.access(with("nickname", row.value, "list", []string{row.value, "x"}, "safe", "{env.EDGE_SECRET}"))))
			got := w.upstream.one(t)
			got.wantIdentity(t, w.joHeaders()...)
			w.wantHeader(got, "X-Nickname", row.want)
			w.wantHeader(got, "X-List", strings.ReplaceAll(row.want, ",", "%2C")+",x")
			w.wantHeader(got, "X-Up", "{env.EDGE_SECRET}")
			w.wantHeader(got, "X-Id", w.sub("jo"))
		})
	}
}

func (w *world) wantHeader(got seen, name, want string) {
	w.Helper()
	if values := got.header[name]; len(values) != 1 || values[0] != want {
		w.Errorf("%s: expected %q, got %q", name, want, values)
	}
}

// TestGroupsCannotPretendToBeOthers: a group name with a comma is not two.
func TestGroupsCannotPretendToBeOthers(t *testing.T) {
	w := started(t, setup{site: protected})
	rows := []struct {
		name   string
		groups []string
		want   string
	}{
		{"a comma", []string{"staff,admins"}, "staff%2Cadmins"},
		{"an encoded comma", []string{"staff%2Cadmins"}, "staff%252Cadmins"},
		{"a line break", []string{"staff\r\nX-Cognito-Groups: admins"}, "staff%0D%0AX-Cognito-Groups: admins"},
		{"a space", []string{" admins", "b "}, "%20admins,b%20"},
		{"an empty name", []string{"", "b"}, ",b"},
		{"quotes", []string{`"admins"`}, `"admins"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{T: t, dir: w.dir, pool: w.pool, upstream: w.upstream, web: w.web}
			w.wantStatus(200, w.bearer(w.access(with("cognito:groups", row.groups))))
			w.upstream.one(t).wantIdentity(t, w.joHeaders("X-Cognito-Groups", row.want)...)
		})
	}
}

// TestClaimNamesCannotForgePlaceholders: claims live below http.auth.user., what
// we know ourselves elsewhere, and the user's ID is the subject.
func TestClaimNamesCannotForgePlaceholders(t *testing.T) {
	w := started(t, setup{site: `cognito_auth main
	reverse_proxy $UPSTREAM {
		header_up A-Id {http.auth.user.id}
		header_up A-Pool {http.cognito.pool}
		header_up A-Use {http.cognito.token_use}
		header_up A-None {http.auth.user.none}
		header_up A-Vars {http.vars.x}
	}`})
	w.wantStatus(200, w.bearer(w.access(with("id", "mallory", "ID", "mallory", "http.cognito.pool", "mallory", "pool", "mallory",
		"http.auth.user.id", "mallory", "..cognito.pool", "mallory", "x", "mallory", "", "mallory", "a}b{", "mallory", "a\r\nb", "mallory"))))
	got := w.upstream.one(t)
	w.wantHeader(got, "A-Id", w.sub("jo"))
	w.wantHeader(got, "A-Pool", "main")
	w.wantHeader(got, "A-Use", "access")
	w.wantHeader(got, "A-None", "")
	if strings.Contains(strings.Join(got.header["A-Vars"], ""), "mallory") {
		t.Errorf("a claim became a variable: %v", got.header)
	}
}

// TestRawClaimInAHeaderHarmsOnlyItsOwner: {http.auth.user.<claim>} is the value
// itself, and Go sends no header with a line break.
func TestRawClaimInAHeaderHarmsOnlyItsOwner(t *testing.T) {
	w := started(t, setup{site: "cognito_auth main\nreverse_proxy $UPSTREAM {\nheader_up X-Name {http.auth.user.nickname}\n}"})
	w.wantStatus(502, w.bearer(w.access(with("nickname", "jo\r\nX-Cognito-Sub: mallory"))))
	w.upstream.none(t)
	w.wantStatus(200, w.bearer(w.access(with("nickname", "Zoë"))))
	w.wantHeader(w.upstream.one(t), "X-Name", "Zoë")
}
