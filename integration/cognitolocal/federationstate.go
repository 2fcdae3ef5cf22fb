package cognitolocal

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"
)

// stateKeySize is the size of the key that seals states.
const stateKeySize = 32

// stateLifetime is how long a user may take at another provider. AWS does not
// say.
const stateLifetime = 5 * time.Minute

// wrappedState is the state that Cognito gives to another provider: the whole
// request for sign-in, with the state of the client inside. So a long state of
// the client makes a longer one on the way to the provider, which some of them
// do not take.
type wrappedState struct {
	UserPoolID   string `json:"userPoolId"`
	ProviderName string `json:"providerName"`
	ClientID     string `json:"clientId"`
	Request      string `json:"request"`
	Created      int64  `json:"creationTimeSeconds"`
	Nonce        string `json:"nonce"`
}

var errState = errors.New("cognitolocal: state is not ours, or too old")

// wrapState packs the state like Cognito does, compressed and in base64url.
func (p *Pool) wrapState(req authorizeRequest, provider string) (string, error) {
	raw, err := json.Marshal(wrappedState{
		p.id, provider, req.client.ID, req.query.Encode(), p.now().Unix(), newUUID(),
	})
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(raw); err != nil {
		return "", err
	}
	if err := zip.Close(); err != nil {
		return "", err
	}
	return encode(packed.Bytes()) + "." + encode(p.stateMAC(packed.Bytes())), nil
}

func (p *Pool) stateMAC(packed []byte) []byte {
	mac := hmac.New(sha256.New, p.domain.stateKey)
	mac.Write(packed)
	return mac.Sum(nil)
}

// unwrapState returns the request that the state was made for. A state may be
// used more than once, as a browser's back button does.
func (p *Pool) unwrapState(raw string) (wrappedState, url.Values, error) {
	head, tail, _ := strings.Cut(raw, ".")
	packed, err := base64.RawURLEncoding.DecodeString(head)
	mac, macErr := base64.RawURLEncoding.DecodeString(tail)
	if err != nil || macErr != nil || !hmac.Equal(mac, p.stateMAC(packed)) {
		return wrappedState{}, nil, errState
	}
	var s wrappedState
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return wrappedState{}, nil, errState
	}
	plain, err := io.ReadAll(zip)
	if err != nil || json.Unmarshal(plain, &s) != nil {
		return wrappedState{}, nil, errState
	}
	if p.now().Sub(time.Unix(s.Created, 0)) >= stateLifetime {
		return wrappedState{}, nil, errState
	}
	query, err := url.ParseQuery(s.Request)
	return s, query, err
}
