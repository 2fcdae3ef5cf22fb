package cognitolocal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// CustomAuth plays the three Lambda triggers of CUSTOM_AUTH, DefineAuthChallenge,
// CreateAuthChallenge and VerifyAuthChallengeResponse, by rules: so many rounds,
// each until its answer is right. A wrong answer is no error but the same round
// once more, until the tries are used up.
type CustomAuth struct {
	// PasswordFirst refuses a sign-in that does not begin with SRP, as a
	// trigger must where the rounds alone prove nothing, like a CAPTCHA.
	PasswordFirst bool `json:"password_first"`

	// Tries is how many wrong answers end the sign-in, over all rounds. Default
	// 3.
	Tries int `json:"tries"`

	// DefineError, if not empty, makes DefineAuthChallenge fail with the text.
	DefineError string `json:"define_error"`

	// Rounds are gone through in order. At least one is needed.
	Rounds []CustomRound `json:"rounds"`
}

// CustomRound is one challenge.
type CustomRound struct {
	// Parameters are publicChallengeParameters: what the client shows.
	Parameters map[string]string `json:"parameters"`

	// Answer is the right one.
	Answer string `json:"answer"`

	// AnswerAttribute, if not empty, names the attribute of the user that holds
	// the right answer instead. Who lacks it has no right answer.
	AnswerAttribute string `json:"answer_attribute"`

	// CreateError and VerifyError, if not empty, make CreateAuthChallenge and
	// VerifyAuthChallengeResponse fail with the text.
	CreateError string `json:"create_error"`
	VerifyError string `json:"verify_error"`
}

const defaultTries = 3

// ParseCustomAuth reads rules from JSON. Unknown members are refused.
func ParseCustomAuth(text []byte) (*CustomAuth, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var rules CustomAuth
	if err := dec.Decode(&rules); err != nil {
		return nil, fmt.Errorf("cognitolocal: custom auth rules: %w", err)
	}
	return &rules, rules.validate()
}

func (r *CustomAuth) withDefaults() CustomAuth {
	out := *r
	out.Rounds = slices.Clone(r.Rounds)
	if out.Tries == 0 {
		out.Tries = defaultTries
	}
	return out
}

// validate accepts nil.
func (r *CustomAuth) validate() error {
	switch {
	case r == nil:
		return nil
	case len(r.Rounds) == 0:
		return errors.New("cognitolocal: custom auth rules: at least one round is required")
	case r.Tries < 0:
		return fmt.Errorf("cognitolocal: custom auth rules: tries %d: must not be negative", r.Tries)
	}
	for i, round := range r.Rounds {
		if round.Answer == "" && round.AnswerAttribute == "" {
			return fmt.Errorf("cognitolocal: custom auth rules: round %d has no answer", i+1)
		}
	}
	return nil
}

// right is the answer to the round, if the user has one.
func (r CustomRound) right(u *User) (string, bool) {
	answer := r.Answer
	if r.AnswerAttribute != "" && u != nil {
		answer = u.Attributes[r.AnswerAttribute]
	}
	return answer, u != nil && answer != ""
}

// lambdaFailed is what a trigger that throws becomes.
func lambdaFailed(trigger, text string) error {
	return &apiError{"UserLambdaValidationException", trigger + " failed with error " + text + "."}
}
