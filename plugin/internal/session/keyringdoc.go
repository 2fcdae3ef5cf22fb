package session

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"
)

const (
	keySize = 32
	// maxKeys bounds a keyring. Four a month is usual.
	maxKeys = 64
	// maxKeyring bounds the document, generously.
	maxKeyring = 64 << 10
)

var errKeyring = errors.New(
	"what is stored there is no keyring that this version can read; restore it, or delete it, which signs everybody out")

// keyringDocument is a keyring in the storage. It lies beside private keys of TLS
// certificates and deserves the same protection.
type keyringDocument struct {
	Version int         `json:"version"`
	Keys    []storedKey `json:"keys"`
}

type storedKey struct {
	Secret  []byte    `json:"secret"`
	Created time.Time `json:"created"`
}

// parseKeyring reads a document, oldest key first; nothing is an empty one.
func parseKeyring(data []byte) ([]*key, error) {
	if data == nil {
		return nil, nil
	}
	if len(data) > maxKeyring {
		return nil, errKeyring
	}
	var document keyringDocument
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // dropping them, we would store less than we read
	if decoder.Decode(&document) != nil || !atEnd(decoder) || document.Version != 1 || len(document.Keys) > maxKeys {
		return nil, errKeyring
	}
	keys := make([]*key, 0, len(document.Keys))
	for _, stored := range document.Keys {
		// A short key would be one that can be guessed.
		if len(stored.Secret) != keySize || stored.Created.IsZero() {
			return nil, errKeyring
		}
		keys = append(keys, newKey(stored.Secret, stored.Created.Truncate(time.Second)))
	}
	return unite(nil, keys), nil
}

func atEnd(decoder *json.Decoder) bool {
	_, err := decoder.Token()
	return err == io.EOF
}

func formatKeyring(keys []*key) []byte {
	document := keyringDocument{Version: 1}
	for _, k := range keys {
		document.Keys = append(document.Keys, storedKey{k.secret, k.created.UTC()})
	}
	data, err := json.Marshal(document)
	if err != nil {
		panic(err) // bytes and times that were read from JSON
	}
	return data
}

// unite returns the keys of both, each once, in an order that all instances
// share.
func unite(a, b []*key) []*key {
	union := slices.Clone(a)
	for _, k := range b {
		if !slices.ContainsFunc(union, func(known *key) bool { return known.id == k.id }) {
			union = append(union, k)
		}
	}
	slices.SortFunc(union, func(x, y *key) int {
		return cmp.Or(x.created.Compare(y.created), bytes.Compare(x.id[:], y.id[:]))
	})
	return union
}
