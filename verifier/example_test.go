package verifier_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/caddy-cognito/caddy-cognito/verifier"
	"github.com/caddy-cognito/caddy-cognito/verifier/verifiertest"
)

func ExampleVerifier() {
	signer, err := verifiertest.NewSigner("k1")
	if err != nil {
		panic(err)
	}
	keys, err := verifier.ParseKeySet([]byte(verifiertest.JWKS(signer.JWK())))
	if err != nil {
		panic(err)
	}
	pool, err := verifier.ParseUserPool("eu-west-1_AbCdEfGhI")
	if err != nil {
		panic(err)
	}
	v, err := verifier.New(verifier.Options{
		KeySets: map[string]verifier.KeySet{pool.Issuer(): verifier.NewStaticKeySet(keys)},
		Clients: []string{"1h57kf5cpq17m0eml12example"},
	})
	if err != nil {
		panic(err)
	}

	raw := signer.Sign(`{"sub":"5f0c2f6e","cognito:groups":["editors"],"token_use":"access","username":"jo",` +
		`"iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",` +
		`"client_id":"1h57kf5cpq17m0eml12example","exp":4102444800}`)
	tok, err := v.Verify(context.Background(), raw)
	if err != nil {
		panic(err)
	}
	fmt.Println(tok.Username(), slices.Collect(tok.Groups()))

	admins, err := verifier.ParseRequirement("group", "admins")
	if err != nil {
		panic(err)
	}
	err = admins.Check(tok, time.Now())
	fmt.Println(err, errors.Is(err, verifier.ErrGroup))

	_, err = v.Verify(context.Background(), raw[:len(raw)-4]+"AAAA")
	fmt.Println(err, verifier.Reason(err))
	// Output:
	// jo [editors]
	// user is in none of the required groups (cognito:groups) true
	// token signature does not match signature
}

func ExampleRemoteKeySet() {
	signer, err := verifiertest.NewSigner("k1")
	if err != nil {
		panic(err)
	}
	pool, err := verifier.ParseUserPool("eu-west-1_AbCdEfGhI")
	if err != nil {
		panic(err)
	}
	set, err := verifier.NewRemoteKeySet(verifier.RemoteOptions{
		URL: verifier.JWKSURL(pool.Issuer()),
		// A program leaves Transport out.
		Transport: verifiertest.RoundTripFunc(func(r *http.Request) (*http.Response, error) {
			fmt.Println("GET", r.URL)
			return replyWith(http.StatusOK, verifiertest.JWKS(signer.JWK()))(r)
		}),
	})
	if err != nil {
		panic(err)
	}
	defer set.Close()

	key, err := set.Key(context.Background(), "k1")
	if err != nil {
		panic(err)
	}
	fmt.Println(key.ID, set.Trusts(key))
	_, err = set.Key(context.Background(), "k2") // the keys are young: no second request
	fmt.Println(verifier.Reason(err))
	// Output:
	// GET https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI/.well-known/jwks.json
	// k1 true
	// unknown_key
}
