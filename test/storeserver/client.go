package storeserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Region is the server's.
const Region = "us-east-1"

// Access is what a client needs to know. The endpoint is a URL; it is called
// by its own name also where Dial leads elsewhere, through a forwarded port.
type Access struct {
	Endpoint, Bucket             string
	AccessKeyID, SecretAccessKey string
	CA                           []byte // PEM
	Dial                         func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client is a user of one bucket. Nothing is tried twice: who waits for a
// server asks again.
type Client struct {
	s3     *s3.Client
	bucket string
}

// Object is one object of the bucket.
type Object struct {
	Key  string
	Size int64
	ETag string
}

// Upload is a multipart upload that was begun and neither completed nor
// aborted, with the sizes of its parts.
type Upload struct {
	Key, ID string
	Parts   []int64
}

// NewClient makes a client; it does not connect yet.
func NewClient(a Access) (*Client, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.CA) {
		return nil, errors.New("the CA holds no certificate")
	}
	transport := &http.Transport{
		DialContext:     a.Dial,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		IdleConnTimeout: 5 * time.Second,
	}
	return &Client{
		bucket: a.Bucket,
		s3: s3.New(s3.Options{
			BaseEndpoint: &a.Endpoint, Region: Region, UsePathStyle: true,
			Credentials: credentials.NewStaticCredentialsProvider(a.AccessKeyID, a.SecretAccessKey, ""),
			HTTPClient:  &http.Client{Transport: transport},
			Retryer:     aws.NopRetryer{},
		}),
	}, nil
}

// CreateBucket creates the bucket; one that is the client's already is as good.
func (c *Client) CreateBucket(ctx context.Context) error {
	_, err := c.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &c.bucket})
	if code := Code(err); code == "BucketAlreadyOwnedByYou" {
		return nil
	}
	return c.explain("create", "", err)
}

// List returns the objects whose keys begin with the prefix, by key.
func (c *Client) List(ctx context.Context, prefix string) ([]Object, error) {
	var found []Object
	pages := s3.NewListObjectsV2Paginator(c.s3, &s3.ListObjectsV2Input{Bucket: &c.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, c.explain("list", prefix, err)
		}
		for _, o := range page.Contents {
			found = append(found, Object{aws.ToString(o.Key), aws.ToInt64(o.Size), aws.ToString(o.ETag)})
		}
	}
	return found, nil
}

// Read returns an object's content as the server gives it: no checksum is
// asked for, as damage is what tests want to see.
func (c *Client) Read(ctx context.Context, key string) ([]byte, error) {
	got, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.bucket, Key: &key})
	if err != nil {
		return nil, c.explain("read", key, err)
	}
	defer func() { _ = got.Body.Close() }()
	content, err := io.ReadAll(got.Body)
	return content, c.explain("read", key, err)
}

// Write creates an object or replaces it.
func (c *Client) Write(ctx context.Context, key string, content []byte) error {
	_, err := c.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &c.bucket, Key: &key, Body: bytes.NewReader(content)})
	return c.explain("write", key, err)
}

// Delete deletes an object; one that is not there is no error.
func (c *Client) Delete(ctx context.Context, key string) error {
	_, err := c.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &c.bucket, Key: &key})
	return c.explain("delete", key, err)
}

// Tamper flips one bit of an object as somebody with the keys could: the size
// stays, ETag and checksums are those of the new content.
func (c *Client) Tamper(ctx context.Context, key string, offset int64, bit uint) error {
	content, err := c.Read(ctx, key)
	if err != nil {
		return err
	}
	if offset < 0 || offset >= int64(len(content)) {
		return c.explain("tamper with", key, fmt.Errorf("it has %d bytes, none at %d", len(content), offset))
	}
	content[offset] ^= 1 << (bit % 8)
	return c.Write(ctx, key, content)
}

// explain says what was being done and to what.
func (c *Client) explain(what, key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s/%s: %w", what, c.bucket, key, err)
}

// Code is S3's code of an answer that was an error, or empty.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}
