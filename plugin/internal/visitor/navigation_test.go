package visitor_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/visitor"
)

const (
	chrome75 = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,image/apng,*/*;q=0.8"
	safari15 = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	explorer = "Accept: text/html, application/xhtml+xml, image/jxr, */*"
	page     = "Sec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\n" + safari15
)

// request has the lines as headers.
func request(method, lines string) *http.Request {
	r := &http.Request{Method: method, Header: make(http.Header)}
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	return r
}

func TestAPersonLooksAtTheAnswer(t *testing.T) {
	for name, test := range map[string]struct{ method, lines string }{
		"a link":                                  {"GET", page + "\nSec-Fetch-Site: cross-site\nSec-Fetch-User: ?1"},
		"an address that was typed":               {"GET", page + "\nSec-Fetch-Site: none"},
		"a form that was submitted":               {"POST", page + "\nContent-Type: application/x-www-form-urlencoded"},
		"a browser that sends the mode alone":     {"GET", "Sec-Fetch-Mode: navigate"},
		"a navigation that takes anything":        {"GET", "Sec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\nAccept: */*"},
		"a web view, which names its application": {"GET", page + "\nX-Requested-With: com.example.app"},
		"a wish for https":                        {"GET", page + "\nUpgrade-Insecure-Requests: 1"},
		"Chrome 75":                               {"GET", chrome75},
		"Safari 15":                               {"GET", safari15},
		"Internet Explorer 11":                    {"GET", explorer},
		"a look ahead by a person's tool":         {"HEAD", safari15},
		"a page by its other name":                {"GET", "Accept: application/xhtml+xml"},
		"a page by an upper-case name":            {"GET", "Accept: TEXT/HTML"},
		"a page on the second line of Accept":     {"GET", "Accept: image/png;q=0.1\nAccept: text/html"},
		"a page before JSON":                      {"GET", "Accept: text/html, application/json"},
		"a page that is wanted more than JSON":    {"GET", "Accept: application/json;q=0.5, text/html;charset=utf-8; Q=0.6"},
	} {
		t.Run(name, func(t *testing.T) {
			if !visitor.Navigates(request(test.method, test.lines)) {
				t.Error("expected a navigation")
			}
		})
	}
}

func TestNobodyLooksAtTheAnswer(t *testing.T) {
	const modes, browser = "Sec-Fetch-Mode: ", "\n" + safari15
	for name, test := range map[string]struct{ method, lines string }{
		"no headers at all":                         {"GET", ""},
		"a fetch of a script":                       {"GET", modes + "cors\nSec-Fetch-Dest: empty" + browser},
		"a fetch without CORS":                      {"GET", modes + "no-cors\nSec-Fetch-Dest: empty" + browser},
		"a fetch of the same origin":                {"GET", modes + "same-origin\nSec-Fetch-Dest: empty" + browser},
		"a fetch that says document":                {"GET", modes + "cors\nSec-Fetch-Dest: document" + browser},
		"an image":                                  {"GET", modes + "no-cors\nSec-Fetch-Dest: image" + browser},
		"a service worker's script":                 {"GET", modes + "same-origin\nSec-Fetch-Dest: serviceworker\nService-Worker: script" + browser},
		"a shared worker's script":                  {"GET", modes + "same-origin\nSec-Fetch-Dest: sharedworker" + browser},
		"a WebSocket by its mode":                   {"GET", modes + "websocket\nSec-Fetch-Dest: websocket" + browser},
		"an iframe":                                 {"GET", modes + "navigate\nSec-Fetch-Dest: iframe" + browser},
		"a frame":                                   {"GET", modes + "navigate\nSec-Fetch-Dest: frame" + browser},
		"an embed":                                  {"GET", modes + "navigate\nSec-Fetch-Dest: embed" + browser},
		"an object":                                 {"GET", modes + "navigate\nSec-Fetch-Dest: object" + browser},
		"a fenced frame":                            {"GET", modes + "navigate\nSec-Fetch-Dest: fencedframe" + browser},
		"a frame in a browser without destinations": {"GET", modes + "nested-navigate" + browser},
		"a destination without a mode":              {"GET", "Sec-Fetch-Dest: document" + browser},
		"a mode that is empty":                      {"GET", "Sec-Fetch-Mode:" + browser},
		"a mode in upper case":                      {"GET", modes + "NAVIGATE\nSec-Fetch-Dest: document" + browser},
		"a mode that is unknown":                    {"GET", modes + "teleport\nSec-Fetch-Dest: document" + browser},
		"two modes":                                 {"GET", modes + "navigate\nSec-Fetch-Mode: cors" + browser},
		"two destinations":                          {"GET", page + "\nSec-Fetch-Dest: iframe"},
		"a prefetch":                                {"GET", page + "\nSec-Purpose: prefetch"},
		"a prefetch through a proxy":                {"GET", page + "\nSec-Purpose: prefetch;anonymous-client-ip"},
		"a page that is rendered ahead":             {"GET", page + "\nSec-Purpose: prefetch;prerender"},
		"a prefetch of an older Chrome":             {"GET", page + "\nPurpose: prefetch"},
		"a prefetch of Firefox":                     {"GET", safari15 + "\nX-Moz: Prefetch"},
		"a preview of Safari":                       {"GET", safari15 + "\nX-Purpose: preview"},
		"a prefetch on the second line":             {"GET", page + "\nPurpose: x\nPurpose: prefetch"},
		"a download that goes on":                   {"GET", page + "\nRange: bytes=1000-"},
		"a method that no form has":                 {"PUT", page},
		"a preflight":                               {"OPTIONS", safari15},
		"a method in lower case":                    {"get", page},
		"a method that is empty":                    {"", page},
		"a WebSocket over HTTP/2":                   {"CONNECT", safari15},
		"a WebSocket":                               {"GET", safari15 + "\nConnection: Upgrade\nUpgrade: websocket"},
		"a WebSocket that says navigate":            {"GET", page + "\nUpgrade: websocket"},
		"a form in an old browser":                  {"POST", safari15},
		"gRPC":                                      {"POST", page + "\nContent-Type: application/grpc"},
		"gRPC for browsers":                         {"POST", page + "\nContent-Type: application/gRPC-Web+proto"},
		"a script of old":                           {"GET", safari15 + "\nX-Requested-With: XMLHttpRequest"},
		"a script of old in lower case":             {"GET", safari15 + "\nX-Requested-With: xmlhttprequest"},
		"anything will do":                          {"GET", "Accept: */*"},
		"any text will do":                          {"GET", "Accept: text/*"},
		"JSON":                                      {"GET", "Accept: application/json"},
		"JSON, as axios asks for it":                {"GET", "Accept: application/json, text/plain, */*"},
		"JSON before a page":                        {"GET", "Accept: application/json, text/html"},
		"JSON that is wanted more than a page":      {"GET", "Accept: text/html;q=0.5, application/json"},
		"events":                                    {"GET", "Accept: text/event-stream"},
		"an image in an old browser":                {"GET", "Accept: image/webp,image/apng,image/*,*/*;q=0.8"},
		"a script in an old browser":                {"GET", "Accept: */*\nReferer: https://app.example.com/"},
		"a page that is not wanted":                 {"GET", "Accept: text/html;q=0"},
		"a page with a weight that is no number":    {"GET", "Accept: text/html;q=NaN"},
		"a page with a weight above all":            {"GET", "Accept: text/html;q=2"},
		"a page with no weight":                     {"GET", "Accept: text/html;q="},
		"a type that begins like a page":            {"GET", "Accept: text/html5"},
		"a browser by its name alone":               {"GET", "User-Agent: Mozilla/5.0 (Macintosh) Safari/605.1.15\nAccept: */*"},
		"a page named in another header":            {"GET", "Content-Type: text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			if visitor.Navigates(request(test.method, test.lines)) {
				t.Error("expected no navigation")
			}
		})
	}
}

// The advisory GHSA-5hvv-m4w4-gf6v: whoever called himself a health checker was let in.
func TestTheUserAgentSaysNothing(t *testing.T) {
	for _, agent := range []string{"", "curl/8.5.0", "GoogleHC/1.0", "kube-probe/1.30", "Mozilla/5.0"} {
		r := request("GET", page)
		r.Header.Set("User-Agent", agent)
		if !visitor.Navigates(r) {
			t.Errorf("expected a navigation of %q", agent)
		}
	}
}

// FuzzNavigates never panics, and neither takes a destination for a page that is
// none nor a request that says nothing.
func FuzzNavigates(f *testing.F) {
	f.Add("GET", "navigate", "document", safari15, "", "")
	f.Add("GET", "", "", "text/html;q=0.1;q,,;,text/*;q=1e-1", "XMLHttpRequest", "prefetch")
	f.Add("POST", "navigate", "iframe", "*/*", "", "")
	f.Fuzz(func(t *testing.T, method, mode, dest, accept, with, purpose string) {
		r := &http.Request{Method: method, Header: make(http.Header)}
		for name, value := range map[string]string{
			"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Accept": accept, "X-Requested-With": with, "Sec-Purpose": purpose,
		} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if !visitor.Navigates(r) {
			return
		}
		named := mode == "navigate" && (dest == "document" || dest == "")
		asked := mode+dest == "" && strings.Contains(strings.ToLower(accept), "ml") && method != "POST"
		if !named && !asked || with == "XMLHttpRequest" || strings.Contains(purpose, "prefetch") || len(method) > 4 {
			t.Fatal("expected no navigation")
		}
	})
}
