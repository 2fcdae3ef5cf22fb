package page

import "github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"

// sampleChallenge is a view of a challenge with all that it can have.
func sampleChallenge(name string) View {
	challenge := signin.Challenge{
		Name: name, Round: 1, Medium: "SMS", Destination: "+*******0100", DeviceName: "phone",
		Choices: []string{signin.SoftwareTokenMFA, signin.EmailOTP}, Options: `{"challenge":"AAAA"}`, Parameters: map[string]string{},
	}
	switch name {
	case signin.MFASetup:
		challenge.Needs, challenge.Secret = []signin.Field{signin.FieldCode}, "JBSWY3DPEHPK3PXP"
	case signin.NewPasswordRequired:
		challenge.Attributes = []string{"email", "birthdate"}
	}
	return View{Kind: Challenge, Challenge: challenge, Paths: Paths{Submit: "/", Resend: "/", Restart: "/"}}
}
