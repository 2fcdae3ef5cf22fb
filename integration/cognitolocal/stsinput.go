package cognitolocal

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// assumeRoleInput is the form of AssumeRoleWithWebIdentity.
type assumeRoleInput struct {
	RoleARN, RoleSessionName, WebIdentityToken, Policy string
	DurationSeconds                                    string
	policyARNs                                         int
}

// Limits of the parameters.
const (
	minSessionName, maxSessionName = 2, 64
	minRoleARN, maxRoleARN         = 20, 2048
	minWebToken, maxWebToken       = 4, 20_000
	minSeconds, maxSeconds         = 900, 43_200
	maxPolicy                      = 2048
	maxPolicyARNs                  = 10
	defaultSession                 = time.Hour
)

var sessionNamePattern = regexp.MustCompile(`^[\w+=,.@-]*$`)

func newAssumeRoleInput(form url.Values) assumeRoleInput {
	in := assumeRoleInput{
		RoleARN: form.Get("RoleArn"), RoleSessionName: form.Get("RoleSessionName"),
		WebIdentityToken: form.Get("WebIdentityToken"), Policy: form.Get("Policy"), DurationSeconds: form.Get("DurationSeconds"),
	}
	for name := range form {
		if strings.HasPrefix(name, "PolicyArns.member.") && strings.HasSuffix(name, ".arn") {
			in.policyARNs++
		}
	}
	return in
}

func stsValidation(message string) error { return &apiError{"ValidationError", message} }

// validate checks all that needs no knowledge of the token or the role, and
// returns the duration.
func (in assumeRoleInput) validate() (time.Duration, error) {
	seconds, err := strconv.Atoi(in.DurationSeconds)
	if in.DurationSeconds == "" {
		seconds, err = int(defaultSession/time.Second), nil
	}
	if err != nil {
		return 0, &apiError{"MalformedInput", "DurationSeconds is not a number"}
	}
	if broken := in.violations(seconds); len(broken) > 0 {
		noun := "errors"
		if len(broken) == 1 {
			noun = "error"
		}
		return 0, stsValidation(fmt.Sprintf("%d validation %s detected: %s", len(broken), noun, strings.Join(broken, "; ")))
	}
	if !roleARNPattern.MatchString(in.RoleARN) {
		return 0, stsValidation(in.RoleARN + " is invalid")
	}
	return time.Duration(seconds) * time.Second, in.checkPolicy()
}

// violations are the broken constraints of the service model.
func (in assumeRoleInput) violations(seconds int) []string {
	var out []string
	length := func(value, member string, low, high int) {
		if len(value) < low {
			out = append(out, violation(value, member, fmt.Sprintf("have length greater than or equal to %d", low)))
		}
		if len(value) > high {
			out = append(out, violation(value, member, fmt.Sprintf("have length less than or equal to %d", high)))
		}
	}
	length(in.RoleARN, "roleArn", minRoleARN, maxRoleARN)
	length(in.RoleSessionName, "roleSessionName", minSessionName, maxSessionName)
	if !sessionNamePattern.MatchString(in.RoleSessionName) {
		out = append(out, violation(in.RoleSessionName, "roleSessionName", `satisfy regular expression pattern: [\w+=,.@-]*`))
	}
	length(in.WebIdentityToken, "webIdentityToken", minWebToken, maxWebToken)
	if seconds < minSeconds {
		out = append(out, violation(strconv.Itoa(seconds), "durationSeconds", fmt.Sprintf("have value greater than or equal to %d", minSeconds)))
	}
	if seconds > maxSeconds {
		out = append(out, violation(strconv.Itoa(seconds), "durationSeconds", fmt.Sprintf("have value less than or equal to %d", maxSeconds)))
	}
	if in.policyARNs > maxPolicyARNs {
		out = append(out, violation(strconv.Itoa(in.policyARNs), "policyArns", fmt.Sprintf("have length less than or equal to %d", maxPolicyARNs)))
	}
	return out
}

// checkPolicy looks at size and syntax: what a policy says is up to the store.
func (in assumeRoleInput) checkPolicy() error {
	var policy map[string]any
	switch {
	case in.Policy == "":
		return nil
	case len(in.Policy) > maxPolicy:
		return &apiError{"PackedPolicyTooLarge", fmt.Sprintf("Packed size of session policy consumes %d%% of allotted space", len(in.Policy)*100/maxPolicy)}
	case json.Unmarshal([]byte(in.Policy), &policy) != nil || policy["Statement"] == nil:
		return &apiError{"MalformedPolicyDocument", "Syntax errors in policy."}
	}
	return nil
}
