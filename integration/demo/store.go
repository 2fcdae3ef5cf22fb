package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
	"github.com/caddy-cognito/caddy-cognito/integration/versity"
)

const (
	bucket   = "demo-site"
	account  = "000000000000"
	userRole = "arn:aws:iam::" + account + ":role/users"

	homepage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The private website</title>
<style>body { margin: 3rem auto; padding: 0 1rem; max-width: 40rem; font: 100%/1.5 system-ui, sans-serif; }</style>
<h1>The private website</h1>
<p>This page stands in a private bucket. The store gave it to you, and to nobody who is not signed in.</p>
<p><a href="/">Back</a></p>
`
)

// store is a bucket of a local S3 gateway, behind a window through which one can
// see what arrives.
type store struct {
	gateway *versity.Gateway
	window  *http.Server
	pool    *cognitolocal.Server

	mu     sync.Mutex        // guards all below
	people map[string]string // users by identity
	seen   []string
}

// startStore makes the bucket: everybody may read the website, and each user do
// everything in the own folder. The policy says so, not the edge.
func startStore(dir string, pool *cognitolocal.Server, people map[string]string) (*store, error) {
	s := &store{pool: pool, people: maps.Clone(people)}
	var err error
	if s.gateway, err = versity.Start(versity.Options{
		Dir: filepath.Join(dir, "store"), Region: "eu-west-1", Sessions: s.session,
	}); err != nil {
		return nil, err
	}
	if err := errors.Join(s.fill(), s.open()); err != nil {
		return nil, errors.Join(err, s.gateway.Close())
	}
	return s, nil
}

func (s *store) close() error { return errors.Join(s.window.Close(), s.gateway.Close()) }

func (s *store) url() string { return "http://" + s.window.Addr }

// session asks the local Cognito whose credentials these are. The session's name
// is the identity, so that the policy can tell users apart, as
// ${cognito-identity.amazonaws.com:sub} does at AWS.
func (s *store) session(accessKeyID string) (versity.Session, bool) {
	issued, ok := s.pool.Session(accessKeyID)
	return versity.Session{
		AccessKeyID: issued.AccessKeyID, SecretAccessKey: issued.SecretAccessKey, SessionToken: issued.SessionToken,
		Expires: issued.Expires, RoleARN: issued.RoleARN, SessionARN: sessionARN(issued.IdentityID),
	}, ok
}

// sessionARN is without colons in the name, which session names cannot hold.
func sessionARN(identity string) string {
	return "arn:aws:sts::" + account + ":assumed-role/users/" + strings.ReplaceAll(identity, ":", "=")
}

func (s *store) fill() error {
	ctx := context.Background()
	return errors.Join(
		s.gateway.CreateBucket(ctx, bucket),
		s.putPolicy(ctx),
		s.gateway.PutObject(ctx, bucket, "index.html", []byte(homepage), versity.ObjectOptions{ContentType: "text/html"}),
	)
}

// putPolicy writes out for each identity what ${cognito-identity.amazonaws.com:sub}
// says for all of them at AWS. The caller holds the lock, or the store is new.
func (s *store) putPolicy(ctx context.Context) error {
	statements := []string{fmt.Sprintf(
		`{"Effect":"Allow","Principal":{"AWS":%q},"Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/index.html"}`, userRole, bucket)}
	for identity := range s.people {
		statements = append(statements, fmt.Sprintf(
			`{"Effect":"Allow","Principal":{"AWS":%q},"Action":"s3:*","Resource":"arn:aws:s3:::%s/users/%s/*"}`,
			sessionARN(identity), bucket, identity))
	}
	return s.gateway.PutPolicy(ctx, bucket, `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`)
}

// welcome gives a folder to a user whom nobody knew when the store began: one who
// made an account, or came from elsewhere.
func (s *store) welcome(r *http.Request) error {
	issued, ok := s.pool.Session(accessKey(r))
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.people[issued.IdentityID]; !ok || known {
		return nil
	}
	s.people[issued.IdentityID] = "a guest"
	return s.putPolicy(r.Context())
}

// accessKey is the key that signed a request.
func accessKey(r *http.Request) string {
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	return key
}

// open puts the window in front of the gateway. It keeps the Host, which is
// signed.
func (s *store) open() error {
	target, err := url.Parse(s.gateway.URL())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ModifyResponse: func(answer *http.Response) error { s.note(answer.Request, answer.StatusCode); return nil },
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/_seen", s.show)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if err := s.welcome(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(w, r)
	})
	s.window = &http.Server{Handler: mux, Addr: listener.Addr().String(), ReadHeaderTimeout: 10 * time.Second}
	go s.window.Serve(listener) //nolint:errcheck // ends with Close
	return nil
}

// note remembers a request: who signed it, and whether a token came with it.
func (s *store) note(r *http.Request, status int) {
	key := accessKey(r)
	issued, _ := s.pool.Session(key)
	token := "no token"
	if strings.Contains(r.Header.Get("Authorization"), "Bearer") {
		token = "came with a token"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, fmt.Sprintf("%-7s %d  %-6s signed with %s, %s  %s\n", r.Method, status, s.people[issued.IdentityID], key, token, r.URL.Path))
	s.seen = s.seen[max(0, len(s.seen)-20):]
}

func (s *store) show(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.seen {
		fmt.Fprint(w, line)
	}
}

// identities asks the identity pool for the identity of each user, as an
// application would.
func identities(poolURL string, pool *cognitolocal.Pool, identityPool string, users []string) (map[string]string, error) {
	client := cognitoidentity.New(cognitoidentity.Options{Region: "us-east-1", BaseEndpoint: &poolURL})
	byIdentity := make(map[string]string)
	for _, user := range users {
		token, err := pool.IDToken(user, clientID, nil)
		if err != nil {
			return nil, err
		}
		answer, err := client.GetId(context.Background(), &cognitoidentity.GetIdInput{
			IdentityPoolId: &identityPool, Logins: map[string]string{pool.ProviderName(): token},
		})
		if err != nil {
			return nil, err
		}
		byIdentity[aws.ToString(answer.IdentityId)] = user
	}
	return byIdentity, nil
}
