package cognitolocal_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestLanguageOfThePages(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	for _, tt := range []struct{ name, lang, want string }{
		{"is English", "", "en"},
		{"is what the request says", "pt-BR", "pt-BR"},
		{"is remembered", "", "pt-BR"},
		{"is another when the request says so", "de", "de"},
		{"is not one that Cognito lacks", "tlh", "de"},
		{"is not markup", `en"><script>`, "de"},
	} {
		p := b.authorize(t, "lang", tt.lang)
		if !strings.Contains(p.body, `<html lang="`+tt.want+`">`) {
			t.Errorf("%s: expected %q in %q", tt.name, tt.want, p.body)
		}
		if p = b.signIn(t, p, "jo", "x"); !strings.Contains(p.body, `<html lang="`+tt.want+`">`) {
			t.Errorf("%s: expected %q after a refusal, too", tt.name, tt.want)
		}
	}
}

func TestPromptLoginIsKeptUntilTheUserHasSignedIn(t *testing.T) {
	w := newHosted(t)
	b := w.browser(t)
	b.signIn(t, b.authorize(t), "jo", password)
	p := b.authorize(t, "prompt", "login", "nonce", "n2")
	if p = b.signIn(t, p, "jo", "x"); p.status != http.StatusOK || p.error() != wrongPassword {
		t.Fatalf("expected the page again, got %d %q", p.status, p.location)
	}
	p = b.signIn(t, p, "jo", password)
	if got := claims(t, w.exchange(t, p.query(t).Get("code")).text("id_token"))["nonce"]; got != "n2" {
		t.Errorf("expected the nonce of the request, got %v", got)
	}
}
