package main

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// TestGuide runs the commands that the demo prints, word for word.
func TestGuide(t *testing.T) {
	output := runGuide(t, startDemo(t))
	if strings.Contains(output, "came with a token") {
		t.Errorf("a token reached the store:\n%s", output)
	}
	for _, want := range []struct{ name, text string }{
		{"the API is told the user", `"X-Cognito-Username": "maria"`},
		{"the API is told the groups", `"X-User-Groups": "admins,editors"`},
		{"the API sees no token", `"saw_a_token": false`},
		{"a request without a token is refused", "HTTP/1.1 401 Unauthorized"},
		{"the refusal says how to authenticate", `Www-Authenticate: Bearer realm="cognito"`},
		{"a user without the group is refused", "HTTP/1.1 403 Forbidden"},
		{"spoofed headers do not arrive", `"identity_headers": {}`},
		{"the private website is served", "<h1>The private website</h1>"},
		{"a user reads the own upload", "\r\n\r\nHello from maria"},
		{"another user is told that it does not exist", "HTTP/1.1 404 Not Found"},
		{"the store saw the upload as maria's", `PUT     200  maria  signed with ASIA`},
		{"the store denied jose", `GET     403  jose   signed with ASIA`},
		{"the status shows trusted keys", `"trusted":true`},
		{"the status counts credentials", `"entries":2`},
	} {
		if !strings.Contains(output, want.text) {
			t.Errorf("%s: expected %q in:\n%s", want.name, want.text, output)
		}
	}
}

// startDemo runs the demo until the test ends and returns the commands that it
// prints.
func startDemo(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, writer)
		writer.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if _, err := io.Copy(io.Discard, reader); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("the demo does not end cleanly: %v", err)
		}
	})
	var commands strings.Builder
	lines := bufio.NewScanner(reader)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Ctrl-C") {
		if commands.Len() > 0 || strings.HasPrefix(lines.Text(), "# 1.") {
			commands.WriteString(lines.Text() + "\n")
		}
	}
	if commands.Len() == 0 {
		t.Fatalf("the demo printed no commands: %v", <-ended)
	}
	return commands.String()
}

func runGuide(t *testing.T, commands string) string {
	t.Helper()
	output, err := exec.Command("bash", "-euc", commands).CombinedOutput()
	if err != nil {
		t.Fatalf("%v (curl and bash are needed)\n%s", err, output)
	}
	return string(output)
}
