package store

import (
	"context"
	"net/http"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"
)

func openGCS(ctx context.Context, at location, c secret, client *http.Client, stall time.Duration) (backend, error) {
	// The tokens' server is spoken to as the store is.
	ctx = context.WithValue(ctx, oauth2.HTTPClient, client)
	tokens, err := gcsTokens(ctx, c)
	if err != nil {
		return nil, err
	}
	authorized, err := gcp.NewHTTPClient(client.Transport, tokens)
	if err != nil {
		return nil, err
	}
	options := []option.ClientOption{storage.WithJSONReads()}
	if at.endpoint != "" {
		options = append(options, option.WithEndpoint(at.endpoint+"/storage/v1/"))
	}
	bucket, err := gcsblob.OpenBucket(ctx, authorized, at.bucket, &gcsblob.Options{ClientOptions: options})
	if err != nil {
		return nil, err
	}
	var api *storage.Client
	if bucket.As(&api) {
		// By itself it tries for ever.
		api.SetRetry(storage.WithMaxAttempts(tries), storage.WithBackoff(gax.Backoff{Initial: min(time.Second, pause), Max: pause, Multiplier: 2}))
	}
	return &cloud{bucket: bucket, closer: client.CloseIdleConnections, cancelled: true, prepare: impatient(stall)}, nil
}

// impatient bounds an upload. Where an object is to be new, Google's client
// tries to begin for ever; a part it tries again until a time is over.
func impatient(stall time.Duration) func(func(any) bool) error {
	return func(as func(any) bool) error {
		var object **storage.ObjectHandle
		if as(&object) {
			*object = (*object).Retryer(storage.WithPolicy(storage.RetryNever))
		}
		var writer *storage.Writer
		if as(&writer) {
			writer.ChunkRetryDeadline = 2 * stall
		}
		return nil
	}
}

func gcsTokens(ctx context.Context, c secret) (oauth2.TokenSource, error) {
	// The tokens outlive the call that opens the store.
	ctx = context.WithoutCancel(ctx)
	text := c.files[fileGCS]
	if text == nil {
		found, err := google.FindDefaultCredentials(ctx, storage.ScopeReadWrite)
		if err != nil {
			return nil, errNoIdentity
		}
		return found.TokenSource, nil
	}
	// Only a service account: other kinds of this file name programs to run and
	// addresses to ask.
	account, err := google.JWTConfigFromJSON(text, storage.ScopeReadWrite)
	if err != nil {
		return nil, &Error{Reason: BadCredentials, Message: "read credentials: " + fileGCS + " is no key of a service account in JSON: mend the Secret"}
	}
	return account.TokenSource(ctx), nil
}
