package main

import (
	"cmp"
	"embed"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

//go:embed pages
var pages embed.FS

var homePage, passkeyPage, usersPage, messagesPage = parsed("home"), parsed("passkey"), parsed("users"), parsed("messages")

func parsed(name string) *template.Template {
	return template.Must(template.ParseFS(pages, "pages/layout.html", "pages/"+name+".html"))
}

// site is the application behind Caddy. It believes the identity headers, since
// nobody reaches it but through Caddy.
type site struct {
	pool    *cognitolocal.Pool
	poolURL string
}

// view is what the pages show.
type view struct {
	Title, Script   string
	Refresh         int
	User, GivenName string
	Admin           bool
	Identity        []header
	People          []person
	Messages        []cognitolocal.Message
	App             string // the code of tom's authenticator app
}

type header struct{ Name, Value string }

// startSite serves the application, and the API.
func startSite(pool *cognitolocal.Pool, poolURL string) (*http.Server, error) {
	s := &site{pool, poolURL}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /users", s.users)
	mux.HandleFunc("GET /messages", s.messages)
	mux.HandleFunc("GET /passkey", s.passkey)
	mux.Handle("POST /passkey/start", s.registration("StartWebAuthnRegistration"))
	mux.Handle("POST /passkey/complete", s.registration("CompleteWebAuthnRegistration"))
	for _, asset := range []string{"style.css", "home.js", "passkey.js"} {
		mux.HandleFunc("GET /assets/"+asset, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, pages, "pages/"+asset)
		})
	}
	mux.HandleFunc("/", show)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: s.guard(mux), Addr: listener.Addr().String(), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) //nolint:errcheck // ends with Close
	return server, nil
}

// guard keeps other sites from using the pages. The form to sign out leads
// through the domain of the user pool, which browsers judge, too.
func (s *site) guard(next http.Handler) http.Handler {
	policy := "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
		"form-action 'self' " + s.poolURL
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	}))
}

// home shows users who they are.
func (s *site) home(w http.ResponseWriter, r *http.Request) {
	render(w, homePage, view{
		Title: "You", Script: "home.js", User: r.Header.Get("X-Cognito-Username"), GivenName: r.Header.Get("X-User-Name"),
		Admin:    slices.Contains(strings.Split(r.Header.Get("X-Cognito-Groups"), ","), "admins"),
		Identity: identityHeaders(r.Header),
	})
}

// identityHeaders are those that only Caddy can set.
func identityHeaders(h http.Header) (list []header) {
	for name, values := range h {
		if strings.HasPrefix(name, "X-Cognito-") || strings.HasPrefix(name, "X-User-") {
			list = append(list, header{name, strings.Join(values, " | ")})
		}
	}
	slices.SortFunc(list, func(a, b header) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func (s *site) users(w http.ResponseWriter, _ *http.Request) {
	render(w, usersPage, view{Title: "Who can sign in", People: people})
}

// messages stands for the telephones and mailboxes of all users.
func (s *site) messages(w http.ResponseWriter, _ *http.Request) {
	code, err := s.pool.CurrentTOTP("tom")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sent := s.pool.Outbox()
	slices.Reverse(sent)
	render(w, messagesPage, view{Title: "Messages", Refresh: 4, Messages: sent[:min(len(sent), 10)], App: code})
}

func (s *site) passkey(w http.ResponseWriter, r *http.Request) {
	render(w, passkeyPage, view{Title: "A passkey", Script: "passkey.js", User: r.Header.Get("X-Cognito-Username")})
}

func render(w http.ResponseWriter, page *template.Template, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	page.Execute(w, v) //nolint:errcheck // the client is gone
}
