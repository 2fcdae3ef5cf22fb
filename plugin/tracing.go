package plugin

import (
	"context"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/caddy-cognito/caddy-cognito/credentials"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/hosted"
	"github.com/caddy-cognito/caddy-cognito/plugin/internal/signin"
)

// Requests that Caddy traces have a span for whatever else they wait for. Calls of
// the user pool API follow the semantic conventions of OpenTelemetry for AWS SDKs,
// and the one of the domain those for HTTP clients; the others have names and
// attributes of our own, for want of conventions. What runs in the background has
// no span: Caddy lends its tracing to requests alone, and there are metrics.
//
// No attribute names a user, and none is of a token: all are from the
// configuration or fixed sets.

// beginSpan begins a span below the one of ctx. Its end tells a word for the
// outcome. Where nothing is traced, or not this request, there is none.
func beginSpan(ctx context.Context, name string, attributes ...attribute.KeyValue) (_ context.Context, end func(result string, more ...attribute.KeyValue)) {
	parent := trace.SpanFromContext(ctx)
	if !parent.SpanContext().IsSampled() {
		return ctx, func(string, ...attribute.KeyValue) {}
	}
	tracer := parent.TracerProvider().Tracer("github.com/caddy-cognito/caddy-cognito")
	ctx, span := tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	return ctx, func(result string, more ...attribute.KeyValue) {
		span.SetAttributes(attribute.String("cognito.result", result))
		span.SetAttributes(more...)
		if result != "ok" && result != "canceled" {
			span.SetAttributes(attribute.String("error.type", result))
			span.SetStatus(codes.Error, result)
		}
		span.End()
	}
}

func poolAttribute(pool string) attribute.KeyValue { return attribute.String("cognito.pool", pool) }

// traceWait is the Wait of verifier.RemoteOptions.
func (k keySetKey) traceWait(ctx context.Context) (over func(error)) {
	_, end := beginSpan(ctx, "cognito key fetch", poolAttribute(k.pool), serverAttribute(k.url))
	return func(err error) { end(reasonOf(err)) }
}

// serverAttribute is the host of a URL, which may hold more than a trace should
// show.
func serverAttribute(rawURL string) attribute.KeyValue {
	host := ""
	if u, err := url.Parse(rawURL); err == nil {
		host = u.Hostname()
	}
	return attribute.String("server.address", host)
}

// traceExchange puts a span around each exchange for credentials.
func traceExchange(spec exchangeSpec, provider credentials.Provider) credentials.Provider {
	return credentials.ProviderFunc(func(ctx context.Context, user credentials.Identity, role string) (credentials.Credentials, error) {
		ctx, end := beginSpan(ctx, "cognito credentials exchange",
			attribute.String("cognito.credentials", spec.Name), attribute.String("cognito.provider", spec.Kind))
		creds, err := provider.Retrieve(ctx, user, role)
		end(credentials.Reason(err))
		return creds, err
	})
}

// traceCall is the Trace of [signin.Options].
func (p *userPool) traceCall(ctx context.Context, operation string) (end func(error)) {
	const service = cognitoidentityprovider.ServiceID
	_, over := beginSpan(ctx, service+"."+operation, poolAttribute(p.name),
		attribute.String("rpc.system", "aws-api"), attribute.String("rpc.service", service), attribute.String("rpc.method", operation))
	return func(err error) {
		var more []attribute.KeyValue
		if cause, _ := causeOf(err); cause.RequestID != "" {
			more = append(more, attribute.String("aws.request_id", cause.RequestID))
		}
		over(signin.Reason(err), more...)
	}
}

// traceDomain is the Trace of [hosted.Options], whose only call is the exchange of
// a code for tokens.
func (p *userPool) traceDomain(ctx context.Context, _ string) (end func(error)) {
	_, over := beginSpan(ctx, "POST "+hosted.TokenPath, poolAttribute(p.name), serverAttribute(p.cfg.HostedURL()),
		attribute.String("http.request.method", "POST"), attribute.String("url.template", hosted.TokenPath))
	return func(err error) {
		var more []attribute.KeyValue
		if cause, _ := causeOf(err); cause.Status != 0 {
			more = append(more, attribute.Int("http.response.status_code", cause.Status))
		}
		over(signin.Reason(err), more...)
	}
}
