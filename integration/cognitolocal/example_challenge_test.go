package cognitolocal_test

import (
	"fmt"
	"log"

	"github.com/caddy-cognito/caddy-cognito/integration/cognitolocal"
)

// A pool in which everybody needs a second factor, and CUSTOM_AUTH asks a
// question. A test reads the codes with Pool.LastCode.
func ExampleSignIn() {
	rules, err := cognitolocal.ParseCustomAuth([]byte(`{
		"password_first": true,
		"rounds": [{"parameters": {"question": "Your first pet?"}, "answer_attribute": "custom:pet"}]
	}`))
	if err != nil {
		log.Fatal(err)
	}
	srv, err := cognitolocal.New(cognitolocal.Options{SignIn: cognitolocal.SignIn{
		MFA: cognitolocal.MFARequired, CustomAuth: rules,
		OnMessage: func(m cognitolocal.Message) { log.Printf("%s to %s: %s", m.Medium, m.Destination, m.Code) },
	}})
	if err != nil {
		log.Fatal(err)
	}
	_, err = srv.Pool().AddUser(cognitolocal.User{
		Username: "jo", Password: "Passw0rd!", Attributes: map[string]string{"phone_number": "+15550001234", "custom:pet": "Rex"},
		MFA: []string{cognitolocal.SMSMFA}, PreferredMFA: cognitolocal.SMSMFA,
	})
	fmt.Println(err)
	_, err = srv.Pool().AddUser(cognitolocal.User{Username: "pat", MFA: []string{"PIGEON_MFA"}})
	fmt.Println(err)

	// Output:
	// <nil>
	// cognitolocal: second factor "PIGEON_MFA": want one of ["SMS_MFA" "SOFTWARE_TOKEN_MFA" "EMAIL_OTP"]
}
