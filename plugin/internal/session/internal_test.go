package session

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"
	"time"
)

// These tests are inside the package since only a holder of the keys, such as an
// instance of another version, can make what they are about.

func sealedWith(t *testing.T, plain []byte) (*Codec, string) {
	t.Helper()
	keys, err := NewSecrets("uJ2m0fQ9x7ZrYH1c5vKLbT8WqEoN3sDa6GiPXMkRw4c=")
	if err != nil {
		t.Fatal(err)
	}
	opts := CodecOptions{Keys: keys, Site: "s", Pool: "p"}
	opts.Cookie.Name = "c"
	codec, err := NewCodec(opts)
	if err != nil {
		t.Fatal(err)
	}
	value, err := codec.sealer.seal(plain)
	if err != nil {
		t.Fatal(err)
	}
	return codec, value
}

func testSession() *Session {
	now := time.Unix(time.Now().Unix(), 0)
	claims := `{"sub":"x"}`
	return &Session{
		Tokens:   Tokens{ID: "e30.eyJzdWIiOiJ4In0.AAAA", Access: "e30.eyJzdWIiOiJ4In0.AAAA", Refresh: "AAAA.BBBB"},
		IDClaims: claims, AccessClaims: claims, Subject: "x", OriginJTI: "o",
		Created: now, LastUse: now, Expires: now.Add(time.Hour), Lifetime: time.Hour,
	}
}

// withClaims is a packed session with other deflated claims than size says.
func withClaims(size uint64, deflated []byte) []byte {
	b := binary.AppendVarint([]byte{formAbsent | formAbsent<<2}, time.Now().Unix())
	b = append(b, 0, 0, 0) // last use, expiry, lifetime
	b = binary.AppendUvarint(b, size)
	b = appendString(b, string(deflated))
	for range 3 {
		b = appendText(b, "")
	}
	return b
}

func TestWhatWasSealedWronglyIsMalformed(t *testing.T) {
	good := pack(testSession(), All)
	bomb := deflate(make([]byte, 1<<24))
	fields := strings.Repeat("\x00", 7)
	large := testSession()
	large.Refresh = Secret(strings.Repeat("a", maxCookie))
	for name, plain := range map[string][]byte{
		"nothing":                              {},
		"a session that fits no cookie":        pack(large, All),
		"a cut session":                        good[:len(good)-3],
		"a session with something after it":    append(bytes.Clone(good), 0),
		"a form that is unknown":               append([]byte{0xff}, good[1:]...),
		"claims that inflate to 16 MB":         withClaims(1<<24, bomb),
		"claims that inflate past their size":  withClaims(1<<10, bomb),
		"claims that inflate to a bit more":    withClaims(7, deflate([]byte(fields+"\x00"))),
		"claims that inflate to less":          withClaims(1<<10, deflate([]byte(fields))),
		"claims that are not deflated":         withClaims(7, []byte("rubbish")),
		"claims that break off":                withClaims(1<<24-1, bomb[:100]),
		"claims with too few fields":           withClaims(3, deflate([]byte(fields[:3]))),
		"claims with too many fields":          withClaims(8, deflate([]byte(fields+"\x00"))),
		"claims with a field beyond their end": withClaims(7, deflate([]byte(fields[:6]+"\x05"))),
	} {
		t.Run(name, func(t *testing.T) {
			codec, value := sealedWith(t, plain)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if o, err := codec.Open(t.Context(), value); !errors.Is(err, ErrMalformed) || o != nil {
				t.Errorf("expected %v, got %v", ErrMalformed, err)
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
				t.Errorf("expected bounded memory, got %d bytes", used)
			}
		})
	}
}

func TestAStateWithoutExpiryIsMalformed(t *testing.T) {
	keys, err := NewSecrets("uJ2m0fQ9x7ZrYH1c5vKLbT8WqEoN3sDa6GiPXMkRw4c=")
	if err != nil {
		t.Fatal(err)
	}
	box := NewBox(keys, "p")
	value, err := box.sealer.seal(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := box.Open(t.Context(), value); !errors.Is(err, ErrMalformed) {
		t.Errorf("expected %v, got %v", ErrMalformed, err)
	}
}

// TestTheFormatIsStable opens what version 1 packed. When it fails, an update
// ends the sessions of all users: increase version, and keep reading the old one.
func TestTheFormatIsStable(t *testing.T) {
	packed, err := base64.StdEncoding.DecodeString(packedByVersion1)
	if err != nil {
		t.Fatal(err)
	}
	want := testSession()
	want.Created = time.Unix(1735689600, 0)
	want.LastUse, want.Expires = want.Created.Add(time.Minute), want.Created.Add(time.Hour)
	if got, rung, err := unpack(packed); err != nil || *got != *want || rung != All {
		t.Errorf("expected the session that was packed, got %v, %v", rung, err)
	}
	if sum := crc32.ChecksumIEEE([]byte(dictionary)); sum != 0xf68a9f4 {
		t.Errorf("the dictionary has changed: %#x", sum)
	}
}

const packedByVersion1 = "BYCWpPcMeKA4oDgjGGKsYMxnYKquZaqu5YYlpgolFDYgAAD//wIHAAAABwQQQQEHAAAAAQcAAAA="

// FuzzUnpack reads anything within bounds, and packs what it took again.
func FuzzUnpack(f *testing.F) {
	for rung := range rungs {
		f.Add(pack(testSession(), rung))
	}
	f.Add(withClaims(7, deflate(make([]byte, 7))))
	f.Fuzz(func(t *testing.T, plain []byte) {
		s, _, err := unpack(plain)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("expected %v, got %v", ErrMalformed, err)
			}
			return
		}
		again, _, err := unpack(pack(s, All))
		if err != nil {
			t.Fatal(err)
		}
		if again.Tokens != s.Tokens || again.IDClaims != s.IDClaims || again.AccessClaims != s.AccessClaims || again.Subject != s.Subject {
			t.Fatal("expected the same session")
		}
	})
}

func TestDeflatingIsReversible(t *testing.T) {
	for _, text := range []string{"", "a", dictionary, strings.Repeat("x", maxInflated)} {
		got, err := inflate(deflate([]byte(text)), uint64(len(text)))
		if err != nil || string(got) != text {
			t.Errorf("expected %d bytes back, got %d, %v", len(text), len(got), err)
		}
	}
	// Anybody who knows deflate can read it, given the dictionary.
	r := flate.NewReaderDict(bytes.NewReader(deflate([]byte("x"))), []byte(dictionary))
	if b := make([]byte, 1); func() bool { n, _ := r.Read(b); return n == 1 && b[0] == 'x' }() == false {
		t.Error("expected plain deflate")
	}
}
