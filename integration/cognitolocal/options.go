package cognitolocal

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// DefaultPoolID is the user pool ID used when Options.PoolID is empty.
const DefaultPoolID = "eu-west-1_LocaLPooL"

// Options configures a Server. The zero value is a usable pool without users
// or app clients, with keys shared by the whole process.
type Options struct {
	// PoolID is the user pool ID, "<region>_<name>". Default DefaultPoolID.
	PoolID string

	// BaseURL is the address under which the handler is reached when Start is
	// not used, such as "http://127.0.0.1:9000". Start overrides it.
	BaseURL string

	// Issuer is the iss claim of every token. Default BaseURL + "/" + PoolID,
	// as with Cognito, where the issuer is also the place of the key set.
	Issuer string

	// Keys are the first signing keys. The zero value means one pair made on
	// first use and shared by all servers of the process, since RSA
	// generation dominates the run time of small tests.
	Keys Keys

	// Now is the clock. Default time.Now. It is called from many goroutines.
	Now func() time.Time

	// AliasAttributes lists attributes a user may sign in with instead of the
	// username: "email", "phone_number" or "preferred_username". The first two
	// count only when verified, as in Cognito.
	AliasAttributes []string

	// SignIn is how the pool signs users in. SetSignIn changes it later.
	SignIn SignIn
}

var (
	poolIDPattern = regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`)
	aliasable     = []string{"email", "phone_number", "preferred_username"}
)

// maxPoolIDLength is the limit of Cognito's own service model.
const maxPoolIDLength = 55

// withDefaults returns the options with every optional value filled in.
func (o Options) withDefaults() (Options, error) {
	if o.PoolID == "" {
		o.PoolID = DefaultPoolID
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	o.AliasAttributes = slices.Clone(o.AliasAttributes)
	var err error
	if o.SignIn, err = o.SignIn.withDefaults(); err != nil {
		return o, err
	}
	if o.Keys == (Keys{}) {
		keys, err := processKeys()
		if err != nil {
			return o, err
		}
		o.Keys = keys
	}
	return o, o.validate()
}

func (o Options) validate() error {
	if len(o.PoolID) > maxPoolIDLength || !poolIDPattern.MatchString(o.PoolID) {
		return fmt.Errorf("cognitolocal: pool ID %q: want <region>_<letters and digits>", o.PoolID)
	}
	if strings.HasSuffix(o.Issuer, "/") {
		return errors.New("cognitolocal: issuer: must not end in a slash")
	}
	for _, name := range o.AliasAttributes {
		if !slices.Contains(aliasable, name) {
			return fmt.Errorf("cognitolocal: alias attribute %q: want one of %q", name, aliasable)
		}
	}
	return o.Keys.validate()
}
