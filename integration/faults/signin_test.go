package faults_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// signer signs in again and again, each time as if with a new browser.
func (l *load) signer(name string, signIn func(*person) (outcome, string)) func() (outcome, string) {
	first := l.person(l.user(name))
	return func() (outcome, string) {
		p := &person{load: l, user: name, web: first.web, cookies: make(jar)}
		o, detail := signIn(p)
		if o == served {
			l.stock.put(p)
		}
		return o, detail
	}
}

// signIn signs in with a password, by the API of the page.
func (p *person) signIn() (outcome, string) {
	r := p.send(http.MethodPost, "/_cognito/sign-in", fmt.Sprintf(`{"username": %q, "password": %q}`, p.user, password),
		"Content-Type: application/json", "Origin: "+site)
	o := r.outcome(http.StatusOK)
	if o == served && p.session() == "" {
		return "no session", r.detail()
	}
	return o, r.detail()
}

// signInHosted goes through the hosted pages as a browser does.
func (p *person) signInHosted() (outcome, string) {
	r := p.send(http.MethodGet, "/_hosted/sign-in", "", navigation...)
	for range 10 {
		location := r.header.Get("Location")
		if target, ok := strings.CutPrefix(r.header.Get("Refresh"), "0; url="); ok && r.status == http.StatusOK {
			location = target
		}
		switch {
		case r.err != nil || r.status >= 400:
			return r.outcome(http.StatusOK), r.detail()
		case p.session() != "":
			return served, ""
		case location != "":
			r = p.follow(r.url, location)
		default:
			r = p.fillIn(r)
		}
	}
	return "sent around", r.detail()
}

var navigation = []string{"Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}

// follow goes where a redirect leads: to the site, or to the pool.
func (p *person) follow(from *url.URL, location string) reply {
	target, err := from.Parse(location)
	if err != nil {
		return reply{err: err}
	}
	if target.Host == "localhost" {
		return p.send(http.MethodGet, target.RequestURI(), "", navigation...)
	}
	return p.sendTo(0, http.MethodGet, target.String(), "", navigation...)
}

// fillIn sends the form of the pool's page.
func (p *person) fillIn(page reply) reply {
	action, fields := formOf(page.body)
	if action == "" {
		return reply{err: fmt.Errorf("expected a form, got %.200q", page.body)}
	}
	fields.Set("username", p.user)
	fields.Set("password", password)
	target, err := page.url.Parse(action)
	if err != nil {
		return reply{err: err}
	}
	return p.sendTo(0, http.MethodPost, target.String(), fields.Encode(), append(navigation, "Content-Type: application/x-www-form-urlencoded")...)
}

// formOf is where the first form of a page goes, and what it sends.
func formOf(page string) (action string, fields url.Values) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return "", nil
	}
	fields = make(url.Values)
	for node := range root.Descendants() {
		switch {
		case node.Type != html.ElementNode:
		case node.Data == "form" && action == "":
			action = attribute(node, "action")
		case node.Data == "input":
			fields.Set(attribute(node, "name"), attribute(node, "value"))
		}
	}
	return action, fields
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
