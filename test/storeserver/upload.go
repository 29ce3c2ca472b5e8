package storeserver

import (
	"bytes"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// BeginUpload begins a multipart upload, as a client does with what is large,
// and sends parts, of 5 MiB at least but for the last. The upload's ID is given
// also with an error, once there is one. An upload that nobody completes stays.
func (c *Client) BeginUpload(ctx context.Context, key string, parts ...[]byte) (id string, err error) {
	begun, err := c.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &c.bucket, Key: &key})
	if err != nil {
		return "", c.explain("begin an upload of", key, err)
	}
	id = aws.ToString(begun.UploadId)
	for i, content := range parts {
		_, err := c.s3.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &c.bucket, Key: &key, UploadId: &id, PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(content),
		})
		if err != nil {
			return id, c.explain("upload a part of", key, err)
		}
	}
	return id, nil
}

// CompleteUpload makes an object of the parts that were sent.
func (c *Client) CompleteUpload(ctx context.Context, key, id string) error {
	sent, err := c.parts(ctx, key, id)
	if err != nil {
		return err
	}
	var all []types.CompletedPart
	for _, p := range sent {
		all = append(all, types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag})
	}
	_, err = c.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &c.bucket, Key: &key, UploadId: &id, MultipartUpload: &types.CompletedMultipartUpload{Parts: all},
	})
	return c.explain("complete the upload of", key, err)
}

// Uploads returns the uploads that were begun and neither completed nor
// aborted: what a client leaves behind that dies in the middle. List does not
// show them.
func (c *Client) Uploads(ctx context.Context) ([]Upload, error) {
	begun, err := c.s3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &c.bucket})
	if err != nil {
		return nil, c.explain("list uploads in", "", err)
	}
	var found []Upload
	for _, u := range begun.Uploads {
		upload := Upload{Key: aws.ToString(u.Key), ID: aws.ToString(u.UploadId)}
		parts, err := c.parts(ctx, upload.Key, upload.ID)
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			upload.Parts = append(upload.Parts, aws.ToInt64(p.Size))
		}
		found = append(found, upload)
	}
	return found, nil
}

// AbortUpload ends an upload and frees its parts.
func (c *Client) AbortUpload(ctx context.Context, key, id string) error {
	_, err := c.s3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &c.bucket, Key: &key, UploadId: &id})
	return c.explain("abort the upload of", key, err)
}

func (c *Client) parts(ctx context.Context, key, id string) ([]types.Part, error) {
	sent, err := c.s3.ListParts(ctx, &s3.ListPartsInput{Bucket: &c.bucket, Key: &key, UploadId: &id})
	if err != nil {
		return nil, c.explain("list the parts of", key, err)
	}
	return sent.Parts, nil
}
