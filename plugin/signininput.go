package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/page"
)

// input are the fields that a visitor sent.
type input map[string]string

// inputError is a request that no page of ours and no client that follows the
// documentation sends.
type inputError struct {
	status int
	code   string
	text   string
}

func (e *inputError) Error() string { return e.text }

func badInput(format string, args ...any) error {
	return &inputError{http.StatusBadRequest, "input", fmt.Sprintf(format, args...)}
}

// maxInput bounds the body of a request: a sealed state and a passkey's answer
// have room.
const maxInput = 64 << 10

// fieldsOf are the fields of each endpoint.
var fieldsOf = map[string][]string{
	"sign-in": {
		"state", "return_to", "username", "password", "preferred", "choose", "device", "refresh_token",
		"choice", "code", "new_password", "answer", "credential", "device_name",
	},
	"remember-device": {"state", "choice", "access_token", "return_to"},
	"forgot-password": {"state", "username", "return_to"},
	"reset-password":  {"state", "username", "code", "new_password", "return_to"},
	"sign-up":         {"username", "password", "return_to"},
	"confirm-sign-up": {"state", "username", "code", "return_to"},
	"resend-code":     {"state", "username", "return_to"},
	"sign-out":        {"refresh_token"},
}

// captchaFields are what widgets of CAPTCHAs put into the form around them; each
// stands for the answer.
var captchaFields = []string{"g-recaptcha-response", "h-captcha-response", "cf-turnstile-response"}

func isJSON(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == "application/json"
}

// readInput reads a form or a JSON object. A field that is repeated or that the
// endpoint does not know is an error: what reads as two things must not be judged
// as one.
func readInput(w http.ResponseWriter, r *http.Request, known []string) (input, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInput))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, &inputError{http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("expected a body of up to %d bytes", maxInput)}
		}
		return nil, badInput("the body could not be read")
	}
	in := make(input)
	switch mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case len(body) == 0:
	case mediaType == "application/json":
		err = in.readJSON(body, known)
	case mediaType == "application/x-www-form-urlencoded":
		err = in.readForm(string(body), known)
	default:
		err = &inputError{http.StatusUnsupportedMediaType, "media_type", "expected Content-Type application/json or application/x-www-form-urlencoded"}
	}
	return in, err
}

func (in input) readForm(body string, known []string) error {
	values, err := url.ParseQuery(body)
	if err != nil {
		return badInput("the form cannot be read")
	}
	takeCaptcha(values)
	for name, list := range values {
		if len(list) > 1 {
			return repeated(name)
		}
		if err := in.set(name, list[0], known); err != nil {
			return err
		}
	}
	return nil
}

// takeCaptcha makes what a widget found out the answer, unless somebody typed one.
// hCaptcha puts in a second field for compatibility.
func takeCaptcha(values url.Values) {
	for _, name := range captchaFields {
		if found := values.Get(name); found != "" && len(values["answer"]) < 2 && values.Get("answer") == "" {
			values.Set("answer", found)
		}
		values.Del(name)
	}
}

// readJSON reads an object of strings. The members of attributes are objects of
// strings, too, and credential is what the browser's passkey gave.
func (in input) readJSON(body []byte, known []string) error {
	// Of all that is no UTF-8, encoding/json makes one and the same character.
	if json.Valid(body) && !jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
		return badInput("expected text in UTF-8")
	}
	return eachMember(body, func(name string, value json.RawMessage) error {
		switch {
		case name == "attributes":
			return eachMember(value, func(name string, value json.RawMessage) error {
				return in.setJSON(page.AttributePrefix+name, value, known)
			})
		case name == "credential" && bytes.HasPrefix(bytes.TrimSpace(value), []byte("{")):
			return in.set(name, string(value), known)
		}
		return in.setJSON(name, value, known)
	})
}

func (in input) setJSON(name string, value json.RawMessage, known []string) error {
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return badInput("%s: expected a string", shown(name))
	}
	return in.set(name, text, known)
}

func (in input) set(name, value string, known []string) error {
	_, isAttribute := strings.CutPrefix(name, page.AttributePrefix)
	if !slices.Contains(known, name) && !(isAttribute && slices.Contains(known, "password")) {
		return badInput("unknown field %s; expected some of %s", shown(name), strings.Join(known, ", "))
	}
	if _, ok := in[name]; ok {
		return repeated(name)
	}
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return badInput("%s: expected text in UTF-8", shown(name))
	}
	in[name] = value
	return nil
}

func repeated(name string) error {
	return badInput("%s stands here twice; send it once", shown(name))
}

// shown is a name that a visitor sent, fit for an answer.
//
// JSON that is sent as a form is one long name, with the password in it.
func shown(name string) string {
	if !nameForm.MatchString(name) {
		return "with a name that is none"
	}
	return strconv.Quote(name)
}

var nameForm = regexp.MustCompile(`^[A-Za-z][\w.:-]{0,63}$`)

// eachMember calls f for the members of a JSON object in their order, including
// those that are repeated.
func eachMember(document []byte, f func(name string, value json.RawMessage) error) error {
	decoder := json.NewDecoder(bytes.NewReader(document))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return badInput("expected a JSON object")
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return badInput("the JSON cannot be read")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return badInput("the JSON cannot be read")
		}
		if err := f(name.(string), value); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return badInput("the JSON cannot be read")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return badInput("expected one JSON object")
	}
	return nil
}

// attributes are the attributes of the user among the fields.
func (in input) attributes() map[string]string {
	attributes := make(map[string]string)
	for name, value := range in {
		if attribute, ok := strings.CutPrefix(name, page.AttributePrefix); ok {
			attributes[attribute] = value
		}
	}
	return attributes
}

// username is the name without the blanks that keyboards of phones add.
func (in input) username() string { return strings.TrimSpace(in["username"]) }
