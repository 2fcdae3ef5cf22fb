package diagnose

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/caddy-cognito/caddy-cognito/plugin/config"
	"github.com/caddy-cognito/caddy-cognito/verifier"
)

// networkText says at which step a call failed: the name, the connection, TLS, or
// the wait for an answer. It does not repeat the URL, which can hold parameters.
func networkText(err error, timeout time.Duration) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("DNS does not know %s (or cannot be asked); check the name and the resolver of this machine", dns.Name)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "TLS: the certificate is not trusted; check the CA certificates of this machine, and whether a proxy is in between"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "TLS: the answer is not TLS; check port and scheme, and whether a proxy is in between"
	}
	if failure, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && failure.Timeout() {
		return fmt.Sprintf("no answer within %v; check firewalls and routes from this machine", timeout)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "nothing listens there: connection refused; check the address, and that the service runs"
	}
	return "the connection failed: " + innermost(err)
}

// innermost is what is wrapped by what names the URL.
func innermost(err error) string {
	for {
		sent, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err.Error()
		}
		err = sent.Err
	}
}

// get makes a request without following redirects.
func (e *Examiner) get(ctx context.Context, method, target string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, err
	}
	answer, err := e.client.Do(req)
	if err != nil {
		return nil, err
	}
	return answer, answer.Body.Close()
}

// reach finds out whether a service answers at all.
func (e *Examiner) reach(ctx context.Context, target string) Finding {
	answer, err := e.get(ctx, http.MethodGet, target)
	switch {
	case err != nil:
		return fail("%s: %s", target, networkText(err, e.Timeout))
	case answer.StatusCode >= http.StatusInternalServerError:
		return warn("%s answers with status %d; it may be down, or this is not its address", target, answer.StatusCode)
	}
	return ok("%s answers", target)
}

// service is one to be reached.
type service struct{ kind, url string }

func identityServices(cfg *config.IdentityPool) []service {
	region := config.IdentityPoolRegion(cfg.ID)
	endpoint := cfg.Endpoint
	if endpoint == "" {
		endpoint = "https://cognito-identity." + region + "." + verifier.DNSSuffix(region)
	}
	services := []service{{"API", endpoint}}
	if cfg.Basic != nil {
		services = append(services, service{"STS", stsURL(cfg.Basic, region)})
	}
	return services
}

func stsURL(cfg *config.STS, region string) string {
	if cfg.Endpoint != "" {
		return cfg.Endpoint
	}
	if cfg.Region != "" {
		region = cfg.Region
	}
	return "https://sts." + region + "." + verifier.DNSSuffix(region)
}

// bucket asks for a bucket without credentials: S3 tells whether there is one, and
// where, before it denies access.
func (e *Examiner) bucket(ctx context.Context, b *bucket) Finding {
	base := b.cfg.BaseURL().String()
	answer, err := e.get(ctx, http.MethodHead, base)
	switch {
	case err != nil:
		return fail("%s: %s", base, networkText(err, e.Timeout))
	case answer.StatusCode == http.StatusNotFound:
		return fail("%s: there is no such bucket; check its name, and the endpoint", base)
	case answer.StatusCode == http.StatusMovedPermanently && answer.Header.Get("X-Amz-Bucket-Region") != "":
		return fail("the bucket is in the region %s, not %s; set region", plain(answer.Header.Get("X-Amz-Bucket-Region")), b.cfg.Region)
	case answer.StatusCode >= http.StatusInternalServerError:
		return warn("%s answers with status %d; the store may be down, or this is not its address", base, answer.StatusCode)
	}
	return ok("%s answers", base)
}
