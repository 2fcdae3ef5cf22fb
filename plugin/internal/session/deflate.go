package session

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
)

// maxInflated bounds the claims of a session once inflated. A thousandfold
// inflation is easy to make; only what we sealed ourselves gets here, but even a
// stolen key must not buy an attacker the memory of the machine (CVE-2024-28122).
const maxInflated = 64 << 10

// dictionary is text that claims of Cognito are made of, the most usual last.
// It is part of the format: a change of it is a new version of the envelope.
const dictionary = `"phone_number_verified":true,"phone_number":"+49","custom:tenant":"","locale":"en","nickname":"",` +
	`"birthdate":"19","zoneinfo":"Europe/","address":{"formatted":""},"updated_at":,"picture":"https://","preferred_username":"",` +
	`"identities":[{"dateCreated":"17","userId":"","providerName":"Google","providerType":"Google","issuer":null,"primary":"true"}],` +
	`"at_hash":"","nonce":"","device_key":"eu-west-1_","https://login.microsoftonline.com/","given_name":"","family_name":"","name":"",` +
	`"acr":"urn:cognito:loa:1","amr":["pwd","mfa"],@gmail.com","admins","users","editors","ap-southeast-1","us-west-2","us-east-1",` +
	`"cognito:roles":["arn:aws:iam::1","arn:aws:iam::0:role/"],"cognito:preferred_role":"arn:aws:iam::",` +
	`{"kid":"=","alg":"RS256","typ":"JWT"}{"sub":"-4-9-a-8-b","cognito:groups":["admin","email_verified":true,` +
	`"iss":"https://cognito-idp.us-east-1.amazonaws.com/us-east-1_","https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_",` +
	`"iss":"https:\/\/cognito-idp.eu-west-1.amazonaws.com\/eu-west-1_","https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_",` +
	`"version":2,"client_id":"","cognito:username":"","aud":"","origin_jti":"","event_id":"","token_use":"id","token_use":"access",` +
	`"scope":"aws.cognito.signin.user.admin phone openid profile email","auth_time":17,"exp":17,"iat":17,"jti":"","email":"","username":""}`

// Writers have a megabyte of tables, readers 40 kB: both are kept.
var (
	deflaters = sync.Pool{New: func() any {
		w, err := flate.NewWriterDict(nil, flate.BestCompression, []byte(dictionary))
		if err != nil {
			panic(err) // the level is a constant
		}
		return w
	}}
	inflaters = sync.Pool{New: func() any { return flate.NewReaderDict(nil, []byte(dictionary)) }}
)

func deflate(text []byte) []byte {
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	_, _ = w.Write(text) // a Buffer never fails
	_ = w.Close()
	return out.Bytes()
}

// inflate expects exactly size bytes.
func inflate(data []byte, size uint64) ([]byte, error) {
	if size > maxInflated {
		return nil, ErrMalformed
	}
	r := inflaters.Get().(io.Reader)
	defer inflaters.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(data), []byte(dictionary)); err != nil {
		return nil, ErrMalformed
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, ErrMalformed
	}
	var more [1]byte
	if n, err := r.Read(more[:]); n > 0 || err != io.EOF {
		return nil, ErrMalformed
	}
	return text, nil
}
