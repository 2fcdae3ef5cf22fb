package cognitolocal_test

import (
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// A pool with one user, and a sign-in over the wire. A program would use an
// SDK of AWS with its endpoint set to the URL.
func Example() {
	srv, err := cognitolocal.New(cognitolocal.Options{})
	if err != nil {
		log.Fatal(err)
	}
	pool := srv.Pool()
	if err := pool.AddClient(cognitolocal.Client{
		ID: "exampleclient", AuthFlows: []string{cognitolocal.AllowUserPasswordAuth},
	}); err != nil {
		log.Fatal(err)
	}
	if _, err := pool.AddUser(cognitolocal.User{Username: "jo", Password: "Passw0rd!"}); err != nil {
		log.Fatal(err)
	}
	url, err := srv.Start("")
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	for _, password := range []string{"wrong", "Passw0rd!"} {
		body := `{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"exampleclient",
			"AuthParameters":{"USERNAME":"jo","PASSWORD":"` + password + `"}}`
		req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.InitiateAuth")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, resp.Header.Get("x-amzn-errortype"))
	}

	// Output:
	// 400 NotAuthorizedException
	// 200
}

// A test of a verifier mints its tokens, good and bad ones.
func ExamplePool_IDToken() {
	srv, err := cognitolocal.New(cognitolocal.Options{BaseURL: "http://127.0.0.1:9000"})
	if err != nil {
		log.Fatal(err)
	}
	pool := srv.Pool()
	if err := pool.AddClient(cognitolocal.Client{ID: "exampleclient"}); err != nil {
		log.Fatal(err)
	}
	if _, err := pool.AddUser(cognitolocal.User{Username: "jo"}); err != nil {
		log.Fatal(err)
	}
	token, err := pool.IDToken("jo", "exampleclient", func(claims map[string]any) {
		claims["aud"] = "anotherclient"
		delete(claims, "exp")
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Count(token, "."), pool.Issuer())

	// Output: 2 http://127.0.0.1:9000/eu-west-1_LocaLPooL
}
