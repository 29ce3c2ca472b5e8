package store

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob/azureblob"
)

func openAzure(ctx context.Context, at location, c secret, client *http.Client) (backend, error) {
	options := azcore.ClientOptions{
		Transport: client,
		Retry:     policy.RetryOptions{MaxRetries: tries - 1, RetryDelay: min(time.Second, pause), MaxRetryDelay: pause},
	}
	api, err := azureClient(at, c, options)
	if err != nil {
		return nil, err
	}
	bucket, err := azureblob.OpenBucket(ctx, api, nil)
	if err != nil {
		return nil, err
	}
	return &cloud{bucket: bucket, closer: client.CloseIdleConnections, cancelled: true}, nil
}

func azureClient(at location, c secret, options azcore.ClientOptions) (*container.Client, error) {
	account, key, sas := c.get(fileAccountName), c.get(fileAccountKey), strings.TrimPrefix(c.get(fileSAS), "?")
	service := at.endpoint
	if service == "" {
		if account == "" {
			return nil, badLocation("Azure's storage account is not named: give its endpoint, https://ACCOUNT.blob.core.windows.net, or account-name in the Secret")
		}
		service = "https://" + account + ".blob.core.windows.net"
	}
	place := service + "/" + at.bucket
	of := &container.ClientOptions{ClientOptions: options}
	switch {
	case key != "":
		if account == "" {
			return nil, &Error{Reason: BadCredentials, Message: "the credentials have account-key and lack account-name: mend the Secret"}
		}
		shared, err := azblob.NewSharedKeyCredential(account, key)
		if err != nil {
			return nil, &Error{Reason: BadCredentials, Message: "read credentials: account-key is not in base64: mend the Secret"}
		}
		return container.NewClientWithSharedKeyCredential(place, shared, of)
	case sas != "":
		return container.NewClientWithNoCredential(place+"?"+sas, of)
	}
	identity, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: options})
	if err != nil {
		return nil, errNoIdentity
	}
	return container.NewClient(place, identity, of)
}
