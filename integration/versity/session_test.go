package versity

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestPoliciesOfBuckets(t *testing.T) {
	sts := &issuer{}
	g := started(t, Options{Sessions: sts.find})
	for _, row := range []struct {
		name, role, session string
		put                 string // a key to write, else index.html is read
		want                string
	}{
		{"a role of the policy reads", readers, bob, "", ""},
		{"another session of the role reads", readers, alice, "", ""},
		{"a role that no policy names is denied", writers, writers, "", "AccessDenied"},
		{"a role does not get what the policy does not say", readers, bob, "index.html", "AccessDenied"},
		{"a session of the policy writes", readers, alice, "u/alice/note.txt", ""},
		{"a session keeps to its prefix", readers, alice, "u/bob/note.txt", "AccessDenied"},
		{"another session of the role does not get a session's rights", readers, bob, "u/alice/note.txt", "AccessDenied"},
		{"a session does not leave its prefix by dots", readers, alice, "u/alice/../bob/note.txt", "AccessDenied"},
		{"a session may be known by its role only", readers, "", "", ""},
		{"a session without ARNs is nobody", "", "", "", "AccessDenied"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := client(g, sts.issue(row.role, row.session, nil))
			if row.put != "" {
				wantCode(t, put(t, c, row.put, "text"), row.want)
				return
			}
			body, err := get(t, c, "index.html")
			wantCode(t, err, row.want)
			if row.want == "" && body != "hello" {
				t.Errorf("expected %q, got %q", "hello", body)
			}
		})
	}
}

func TestCredentialsAreChecked(t *testing.T) {
	sts := &issuer{}
	g := started(t, Options{Sessions: sts.find})
	expired := func(s *Session) { s.Expires = time.Now().Add(-time.Second) }
	for _, row := range []struct {
		name   string
		issued func(*Session) // what the issuer does
		used   func(*Session) // what the client does
		want   string
	}{
		{"right", nil, nil, ""},
		{"an unknown access key", nil, func(s *Session) { s.AccessKeyID = "ASIAUNKNOWNUNKNOWN12" }, "InvalidAccessKeyId"},
		{"a wrong secret", nil, func(s *Session) { s.SecretAccessKey += "x" }, "SignatureDoesNotMatch"},
		{"a wrong session token", nil, func(s *Session) { s.SessionToken = "forged" }, "InvalidToken"},
		{"no session token", nil, func(s *Session) { s.SessionToken = "" }, "InvalidToken"},
		{"a session that was issued without a token", func(s *Session) { s.SessionToken = "" }, nil, "InvalidToken"},
		{"an expired session", expired, nil, "ExpiredToken"},
		{"a session without an end", func(s *Session) { s.Expires = time.Time{} }, nil, "ExpiredToken"},
		{"a wrong token of an expired session", expired, func(s *Session) { s.SessionToken = "forged" }, "InvalidToken"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := sts.issue(readers, bob, row.issued)
			if row.used != nil {
				row.used(&s)
			}
			_, err := get(t, client(g, s), "index.html")
			wantCode(t, err, row.want)
		})
	}
}

func TestARevokedSessionEndsAtOnce(t *testing.T) {
	sts := &issuer{}
	g := started(t, Options{Sessions: sts.find})
	s := sts.issue(readers, bob, nil)
	c := client(g, s)
	_, err := get(t, c, "index.html")
	noError(t, err)
	sts.revoke(s)
	_, err = get(t, c, "index.html")
	wantCode(t, err, "InvalidAccessKeyId")
}

func TestWithoutSessionsThereIsOnlyRoot(t *testing.T) {
	g := started(t, Options{})
	_, err := get(t, client(g, (&issuer{}).issue(readers, bob, nil)), "index.html")
	wantCode(t, err, "InvalidAccessKeyId")
}

func TestARequestForAnotherRegionIsRefused(t *testing.T) {
	sts := &issuer{}
	g := started(t, Options{Sessions: sts.find, Region: "eu-west-1"})
	s := sts.issue(readers, bob, nil)
	_, err := get(t, client(g, s), "index.html")
	wantCode(t, err, "AuthorizationHeaderMalformed")
	_, err = get(t, client(g, s, func(o *s3.Options) { o.Region = "eu-west-1" }), "index.html")
	noError(t, err)
}

func TestStrangeKeysKeepTheirNames(t *testing.T) {
	sts := &issuer{}
	g := started(t, Options{Sessions: sts.find})
	c := client(g, sts.issue(readers, alice, nil))
	want := []string{"index.html"}
	for _, name := range []string{
		"a b.txt", "a+b", "(a)", "a@b", "a%2Fb", "a%b", "grüße", "日本語", "!*'~", "a&b=c;d", "a,b:c", "$#?[]",
	} {
		t.Run(name, func(t *testing.T) {
			key := "u/alice/" + name
			want = append(want, key)
			noError(t, put(t, c, key, name))
			body, err := get(t, c, key)
			noError(t, err)
			if body != name {
				t.Errorf("expected %q, got %q", name, body)
			}
		})
	}
	slices.Sort(want)
	got, err := g.Keys(t.Context(), site)
	noError(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("expected %q, got %q", want, got)
	}
}

func TestPoliciesNameOnlyWhatCanExist(t *testing.T) {
	g := started(t, Options{})
	for _, row := range []struct{ name, principal, want string }{
		{"a role", readers, ""},
		{"a role with a path", "arn:aws:iam::123456789012:role/a/b/readers", ""},
		{"a role in China", "arn:aws-cn:iam::123456789012:role/readers", ""},
		{"a session", alice, ""},
		{"everybody", "*", ""},
		{"an access key", "ASIAUNKNOWNUNKNOWN12", "MalformedPolicy"},
		{"a session without a role", "arn:aws:sts::123456789012:assumed-role/alice", "MalformedPolicy"},
		{"a pattern", "arn:aws:iam::123456789012:role/*", "MalformedPolicy"},
		{"a short account", "arn:aws:iam::1234:role/readers", "MalformedPolicy"},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantCode(t, g.PutPolicy(t.Context(), site, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
				"Principal": {"AWS": "`+row.principal+`"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}]}`), row.want)
		})
	}
}

func TestPresignedURLsCarryTheSession(t *testing.T) {
	sts := &issuer{}
	g := started(t, Options{Sessions: sts.find})
	presign := s3.NewPresignClient(client(g, sts.issue(readers, bob, nil)))
	signed, err := presign.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(site), Key: aws.String("index.html")})
	noError(t, err)
	wantStatus(t, signed.URL, 200)
	wantStatus(t, signed.URL+"x", 403)
}
