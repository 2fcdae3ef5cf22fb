package minio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// AddPolicy sets what tokens with a name in their claim allow, in the language
// of IAM. The policy may contain "${jwt:sub}". It needs no restart.
func (s *Server) AddPolicy(ctx context.Context, name, policyJSON string) error {
	err := s.admin(ctx, http.MethodPut, "add-canned-policy?"+url.Values{"name": {name}}.Encode(), policyJSON)
	if err != nil {
		return fmt.Errorf("minio: adding policy %s: %w", name, err)
	}
	return nil
}

// ready tells whether the server knows its policies, and so its issuer.
// /minio/health/ready has nothing against a server that knows neither yet.
func (s *Server) ready(ctx context.Context) bool {
	return s.admin(ctx, http.MethodGet, "list-canned-policies", "") == nil
}

// admin sends a request of the admin API, signed as root.
func (s *Server) admin(ctx context.Context, method, operation, body string) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url+"/minio/admin/v3/"+operation, strings.NewReader(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	if err := v4.NewSigner().SignHTTP(ctx, s.root, req, hash, "s3", s.region, time.Now()); err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	return do(s.http, req)
}

// mostAnswer limits what is read of an answer.
const mostAnswer = 1 << 20

// do wants the status 200.
func do(client *http.Client, req *http.Request) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(body))
	}
	return nil
}
