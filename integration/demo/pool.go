package main

import (
	"errors"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// fill adds two users.
func fill(pool *cognitolocal.Pool) error {
	_, noUser := pool.AddUser(cognitolocal.User{
		Username: "jose", Password: password,
		Attributes: map[string]string{"email": "jose@example.com", "email_verified": "true"},
	})
	errs := []error{
		noUser,
		pool.AddClient(cognitolocal.Client{
			ID: clientID, AuthFlows: []string{cognitolocal.AllowUserPasswordAuth, cognitolocal.AllowRefreshTokenAuth},
		}),
		pool.AddGroup(cognitolocal.Group{Name: "admins"}),
		pool.AddGroup(cognitolocal.Group{Name: "editors"}),
	}
	_, noAdmin := pool.AddUser(cognitolocal.User{
		Username: "maria", Password: password, Groups: []string{"admins", "editors"},
		Attributes: map[string]string{"email": "maria@example.com", "email_verified": "true"},
	})
	return errors.Join(append(errs, noAdmin)...)
}
