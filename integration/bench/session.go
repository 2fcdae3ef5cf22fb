package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// visitor is a user of the local pool.
const (
	visitor  = "jo"
	password = "Correct-Horse-42"
)

// visitors are the user pool whose user can sign in.
type visitors struct {
	*cognitolocal.Server
	url string
}

func startVisitors() (*visitors, error) {
	server, err := cognitolocal.New(cognitolocal.Options{})
	if err != nil {
		return nil, err
	}
	url, err := server.Start("")
	if err != nil {
		return nil, err
	}
	pool := server.Pool()
	err = errors.Join(pool.AddGroup(cognitolocal.Group{Name: "admins"}), pool.AddClient(cognitolocal.Client{
		ID: client, AuthFlows: []string{cognitolocal.AllowUserSRPAuth, cognitolocal.AllowRefreshTokenAuth},
	}))
	if err == nil {
		_, err = pool.AddUser(cognitolocal.User{Username: visitor, Password: password, Groups: []string{"admins"}})
	}
	return &visitors{server, url}, err
}

// signIn signs the visitor in at a Caddy and returns the header line with the
// session.
func (l *lab) signIn(address string) (string, error) {
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, visitor, password)
	request, err := http.NewRequestWithContext(l.ctx, http.MethodPost, "http://"+address+"/_cognito/sign-in", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Host = host
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	var cookies []string
	for _, cookie := range answer.Cookies() {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	if answer.StatusCode != http.StatusOK || len(cookies) == 0 {
		return "", fmt.Errorf("sign-in: %s\n%s", answer.Status, said)
	}
	return "Cookie: " + strings.Join(cookies, "; "), nil
}
