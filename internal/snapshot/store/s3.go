package store

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/blob/s3blob"
)

const defaultRegion = "us-east-1"

func openS3(ctx context.Context, o Options, at location, c secret, client *http.Client) (backend, error) {
	cfg, err := s3Config(ctx, o, c, client)
	if err != nil {
		return nil, err
	}
	if at.endpoint != "" {
		// Checksums of the newer kind are more than many who speak S3 know. Every
		// byte is read back and compared anyway.
		cfg.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		cfg.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	}
	api := s3.NewFromConfig(cfg, func(options *s3.Options) {
		options.UsePathStyle = o.PathStyle
		options.DisableLogOutputChecksumValidationSkipped = true
		if at.endpoint != "" {
			options.BaseEndpoint = aws.String(at.endpoint)
		}
	})
	bucket, err := s3blob.OpenBucket(ctx, api, at.bucket, &s3blob.Options{RequestChecksumCalculation: cfg.RequestChecksumCalculation})
	if err != nil {
		return nil, err
	}
	return &cloud{bucket: bucket, closer: client.CloseIdleConnections, sweeper: sweepS3(api, at.bucket)}, nil
}

func s3Config(ctx context.Context, o Options, c secret, client *http.Client) (aws.Config, error) {
	key, secret, err := c.pair(fileAccessKey, fileSecretKey)
	if err != nil {
		return aws.Config{}, err
	}
	if key != "" {
		// Nothing of the environment counts then.
		region := o.Region
		if region == "" {
			region = defaultRegion
		}
		return aws.Config{
			Region: region, HTTPClient: client, Logger: logging.Nop{}, Retryer: retryer,
			Credentials: credentials.NewStaticCredentialsProvider(key, secret, c.get(fileSessionToken)),
		}, nil
	}
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client), config.WithLogger(logging.Nop{}), config.WithRetryer(retryer), config.WithDefaultRegion(defaultRegion),
	}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	}
	return config.LoadDefaultConfig(ctx, options...)
}

func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = tries, pause
	})
}

// sweepS3 ends uploads in parts: S3 keeps, and bills, what of them has come.
func sweepS3(api *s3.Client, bucket string) func(context.Context, string, time.Time) (int, error) {
	return func(ctx context.Context, prefix string, before time.Time) (int, error) {
		swept := 0
		pages := s3.NewListMultipartUploadsPaginator(api, &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return swept, err
			}
			for _, upload := range page.Uploads {
				if upload.Initiated == nil || !upload.Initiated.Before(before) {
					continue
				}
				if _, err := api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: upload.Key, UploadId: upload.UploadId}); err != nil {
					return swept, err
				}
				swept++
			}
		}
		return swept, nil
	}
}
