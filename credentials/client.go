package credentials

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// HTTPClient makes requests; [http.Client] does.
type HTTPClient interface {
	Do(*http.Request) (*http.Response, error)
}

// callTimeout bounds one call. A request waits for it.
const callTimeout = 5 * time.Second

func clientOr(client HTTPClient) HTTPClient {
	if client != nil {
		return client
	}
	return &http.Client{Timeout: callTimeout}
}

// retryer tries twice within a second, also after these errors. The SDK's own
// patience, three attempts in some four seconds, is too much for somebody who waits
// for a page.
func retryer(also ...retry.IsErrorRetryable) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = append(o.Retryables, also...)
		o.MaxAttempts = 2
		o.MaxBackoff = 200 * time.Millisecond
	})
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
