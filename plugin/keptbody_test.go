package plugin

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestABodyThatBrokeOffStaysBroken: what the client's connection gives after an error,
// such as an end, must not make a whole body of a half one for another attempt.
func TestABodyThatBrokeOffStaysBroken(t *testing.T) {
	source := iotest.TimeoutReader(strings.NewReader("half of it")) // the second read fails, and the third is the end
	id := new(identity)
	for _, attempt := range []string{"first", "second", "third"} {
		read, err := io.ReadAll(id.keep(source))
		if string(read) != "half of it" || !errors.Is(err, errBody) || !errors.Is(err, iotest.ErrTimeout) {
			t.Errorf("%s attempt: expected the half and why there is no more, got %q and %v", attempt, read, err)
		}
	}
}
