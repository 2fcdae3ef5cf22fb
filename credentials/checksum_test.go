package credentials_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/caddy-cognito/caddy-cognito/credentials"
)

// decodeChunks reads the coding aws-chunked as a store does, and checks the
// trailer.
func decodeChunks(coded []byte) ([]byte, error) {
	r, data := bufio.NewReader(bytes.NewReader(coded)), []byte{}
	line := func() string {
		text, err := r.ReadString('\n')
		if err != nil || !strings.HasSuffix(text, "\r\n") {
			return "no line"
		}
		return strings.TrimSuffix(text, "\r\n")
	}
	for {
		size, err := strconv.ParseInt(line(), 16, 64)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			break
		}
		chunk := make([]byte, size)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, err
		}
		data = append(data, chunk...)
		if end := line(); end != "" {
			return nil, fmt.Errorf("expected the end of a chunk, got %q", end)
		}
		if next, err := r.Peek(1); size < 8<<10 && (err != nil || next[0] != '0') {
			return nil, fmt.Errorf("chunk of %d is not the last", size)
		}
	}
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data))
	if trailer, want := line(), "x-amz-checksum-crc32:"+base64.StdEncoding.EncodeToString(sum); trailer != want {
		return nil, fmt.Errorf("expected %q, got %q", want, trailer)
	}
	if line() != "" || r.Buffered() > 0 {
		return nil, errors.New("expected an empty line and the end")
	}
	return data, nil
}

// upload sends a body with a checksum and returns what the store got.
func upload(t testing.TB, body io.Reader, length int64, change func(*http.Request)) (*http.Request, []byte, error) {
	w := newWorld(t, inS3, always(200, ""), func(o *credentials.SenderOptions) { o.Checksum = true })
	r := request(t, "PUT", object, "")
	r.Body, r.ContentLength = io.NopCloser(body), length
	if change != nil {
		change(r)
	}
	answer, err := w.Send(r, user("jo"))
	if err != nil {
		return nil, nil, err
	}
	_ = answer.Body.Close()
	return w.store.requests[0], []byte(w.store.bodies[0]), nil
}

func TestAnUploadCarriesItsChecksum(t *testing.T) {
	for _, length := range []int{1, 2, 15, 16, 8191, 65535, 65536, 65537, 131072, 200_000} {
		data := bytes.Repeat([]byte("0123456789abcdef!"), length/17+1)[:length]
		for name, body := range map[string]io.Reader{
			"at once": bytes.NewReader(data), "byte by byte": iotest.OneByteReader(bytes.NewReader(data)),
			"the end with the data": iotest.DataErrReader(bytes.NewReader(data)), "by halves": iotest.HalfReader(bytes.NewReader(data)),
		} {
			sent, coded, err := upload(t, body, int64(length), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decodeChunks(coded); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d %s: expected the data, got %d, %v", length, name, len(got), err)
			}
			if sent.ContentLength != int64(len(coded)) {
				t.Errorf("%d %s: announced %d, sent %d", length, name, sent.ContentLength, len(coded))
			}
			want := http.Header{
				"Content-Encoding": {"aws-chunked"}, "X-Amz-Decoded-Content-Length": {strconv.Itoa(length)},
				"X-Amz-Trailer": {"x-amz-checksum-crc32"}, "X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
			}
			for name, values := range want {
				if got := sent.Header[name]; strings.Join(got, "|") != values[0] {
					t.Errorf("expected %s: %s, got %q", name, values[0], got)
				}
			}
			if !strings.Contains(sent.Header.Get("Authorization"), "x-amz-decoded-content-length;x-amz-security-token;x-amz-trailer,") {
				t.Errorf("expected the trailer to be signed, got %s", sent.Header.Get("Authorization"))
			}
		}
	}
}

func TestACodingOfTheClientStays(t *testing.T) {
	sent, _, err := upload(t, strings.NewReader("x"), 1, func(r *http.Request) { r.Header["Content-Encoding"] = []string{"gzip", "br"} })
	if err != nil || sent.Header.Get("Content-Encoding") != "aws-chunked,gzip,br" {
		t.Errorf("unexpected %v, %v", sent.Header, err)
	}
}

func TestAChecksumOfTheClientStays(t *testing.T) {
	sent, body, err := upload(t, strings.NewReader("x"), 1, func(r *http.Request) { r.Header.Set("X-Amz-Checksum-Sha256", "abc") })
	if err != nil || string(body) != "x" || sent.Header.Get("X-Amz-Trailer") != "" || sent.Header.Get("X-Amz-Content-Sha256") != credentials.UnsignedPayload {
		t.Errorf("expected no second checksum, got %q, %v", body, err)
	}
}

func TestAnUploadThatIsNotWhatWasAnnouncedFails(t *testing.T) {
	for _, row := range []struct {
		name   string
		body   io.Reader
		length int64
		want   error
	}{
		{"shorter", strings.NewReader("hell"), 5, io.ErrUnexpectedEOF},
		{"shorter by a chunk", strings.NewReader(strings.Repeat("x", 65536)), 65537, credentials.ErrBodyLength},
		{"empty", strings.NewReader(""), 5, credentials.ErrBodyLength},
		{"longer", strings.NewReader("hello!"), 5, credentials.ErrBodyLength},
		{"longer by a chunk", strings.NewReader(strings.Repeat("x", 65537)), 65536, credentials.ErrBodyLength},
		{"broken", io.MultiReader(strings.NewReader("hell"), failingReader{}), 5, errBroken},
		{"broken at the end", io.MultiReader(strings.NewReader("hello"), failingReader{}), 5, errBroken},
	} {
		if _, _, err := upload(t, row.body, row.length, nil); !errors.Is(err, row.want) {
			t.Errorf("%s: expected %v, got %v", row.name, row.want, err)
		}
	}
}

// TestAFailedUploadStaysFailed reads on, as a careless transport might.
func TestAFailedUploadStaysFailed(t *testing.T) {
	base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		_, err := io.ReadAll(r.Body)
		if _, again := io.ReadAll(r.Body); err == nil || !errors.Is(again, err) {
			t.Errorf("expected %v again, got %v", err, again)
		}
		return says(200, ""), r.Body.Close()
	})
	w := newWorld(t, inS3, nil, func(o *credentials.SenderOptions) { o.Checksum, o.Base = true, base })
	r := request(t, "PUT", object, "hello")
	r.ContentLength = 4
	w.fine(t, r)
}

// TestAnUploadNeedsNoMemory compares an upload of 1 MiB with one of 64.
func TestAnUploadNeedsNoMemory(t *testing.T) {
	base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r.Body}, make([]byte, 32<<10))
		if n != r.ContentLength {
			t.Errorf("expected %d, got %d", r.ContentLength, n)
		}
		return says(200, ""), err
	})
	w := newWorld(t, inS3, nil, func(o *credentials.SenderOptions) { o.Checksum, o.Base = true, base })
	send := func(size int64) float64 {
		return testing.AllocsPerRun(1, func() {
			r := request(t, "PUT", object, "")
			r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, size)), size
			w.fine(t, r)
		})
	}
	small, large := send(1<<20), send(64<<20)
	if chunks := float64(63 << 20 / (64 << 10)); large-small > 4*chunks {
		t.Errorf("expected a few small allocations per chunk at most, got %v and %v", small, large)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func FuzzChecksum(f *testing.F) {
	f.Add([]byte("hello"), uint32(5), uint16(1), int64(0))
	f.Add([]byte("xyz"), uint32(70_000), uint16(4096), int64(0))
	f.Add([]byte("hello"), uint32(65_536), uint16(30_000), int64(1))
	f.Fuzz(func(t *testing.T, pattern []byte, size uint32, step uint16, wrong int64) {
		size, wrong = size%200_000, wrong%3
		length := int64(size) + wrong
		if len(pattern) == 0 || length <= 0 || step == 0 {
			return
		}
		data := bytes.Repeat(pattern, int(size)/len(pattern)+1)[:size]
		sent, coded, err := upload(t, &steps{bytes.NewReader(data), int(step)}, length, nil)
		if wrong != 0 {
			if !errors.Is(err, credentials.ErrBodyLength) {
				t.Fatalf("expected ErrBodyLength, got %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeChunks(coded); err != nil || !bytes.Equal(got, data) || sent.ContentLength != int64(len(coded)) {
			t.Fatalf("expected the data, got %d of %d, %v", len(got), len(data), err)
		}
	})
}

// steps reads a little at a time.
type steps struct {
	r    io.Reader
	most int
}

func (s *steps) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.most)]) }
