// Package s3root sets up and inspects an S3 store as its root user. The
// stores of package versity and package minio embed its client.
package s3root

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Options say where the store is and who its root is. All are required.
type Options struct {
	URL         string // such as http://127.0.0.1:9000
	Region      string
	Credentials aws.Credentials
	HTTP        *http.Client
}

// Client speaks to one store as root, path-style. It tries once: a store in
// this process or beside it has no passing failures. Its methods are safe for
// concurrent use.
type Client struct {
	region string
	s3     *s3.Client
}

// New makes a client. It speaks to nobody yet.
func New(o Options) *Client {
	return &Client{region: o.Region, s3: s3.New(s3.Options{
		BaseEndpoint: &o.URL,
		Region:       o.Region,
		UsePathStyle: true,
		HTTPClient:   o.HTTP,
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return o.Credentials, nil
		}),
		// The SDK's default, a checksum in a trailer, would store the object
		// with "aws-chunked" as its encoding: versity/versitygw#2400.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})}
}

// CreateBucket makes a bucket that nobody but root may use.
func (c *Client) CreateBucket(ctx context.Context, name string) error {
	in := &s3.CreateBucketInput{Bucket: &name}
	if c.region != "us-east-1" { // the Region that S3 does not let one name
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(c.region),
		}
	}
	if _, err := c.s3.CreateBucket(ctx, in); err != nil {
		return fmt.Errorf("creating bucket %s: %w", name, err)
	}
	return nil
}

// ObjectOptions are the headers that an object is stored with. Empty ones are
// not sent.
type ObjectOptions struct {
	ContentType, ContentEncoding, CacheControl string

	Metadata map[string]string // x-amz-meta-*, without that prefix
}

// PutObject stores an object.
func (c *Client) PutObject(ctx context.Context, bucket, key string, body []byte, o ObjectOptions) error {
	_, err := c.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(body),
		ContentType: some(o.ContentType), ContentEncoding: some(o.ContentEncoding),
		CacheControl: some(o.CacheControl), Metadata: o.Metadata,
	})
	if err != nil {
		return fmt.Errorf("putting %s in %s: %w", key, bucket, err)
	}
	return nil
}

func some(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}

// GetObject returns the bytes of an object as they are stored.
func (c *Client) GetObject(ctx context.Context, bucket, key string) ([]byte, error) {
	out, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("getting %s of %s: %w", key, bucket, err)
	}
	defer func() { _ = out.Body.Close() }()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", key, bucket, err)
	}
	return body, nil
}

// Keys returns the keys of all objects of a bucket, in the order of their
// bytes.
func (c *Client) Keys(ctx context.Context, bucket string) ([]string, error) {
	var keys []string
	for pages := s3.NewListObjectsV2Paginator(c.s3, &s3.ListObjectsV2Input{Bucket: &bucket}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", bucket, err)
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
	}
	return keys, nil
}

// PutPolicy sets the policy of a bucket.
func (c *Client) PutPolicy(ctx context.Context, bucket, policyJSON string) error {
	_, err := c.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policyJSON})
	if err != nil {
		return fmt.Errorf("setting the policy of %s: %w", bucket, err)
	}
	return nil
}
