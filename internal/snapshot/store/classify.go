package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"gocloud.dev/gcerrors"
	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
)

// What no SDK says.
var (
	errNoDirectory = errors.New("no such directory")
	errNoIdentity  = errors.New("there are no credentials in the Secret, and no identity of the cloud around")
	errStalled     = errors.New("no progress in time")
)

// told makes an error of an SDK one that can be shown.
func (s *Store) told(what, key string, err error) error {
	var done *Error
	if err == nil || errors.As(err, &done) {
		return err
	}
	reason, detail := classify(err)
	if reason == Interrupted && errors.Is(err, errStalled) && s.at.scheme != schemeFile && s.moved.Load() == 0 {
		// Whoever never sent a byte was not interrupted.
		reason = Unreachable
	}
	if reason == NotFound && (what == "write" || key == "" || what == "list") {
		// What is missing is not the object that was to be written, or a list.
		reason = WrongBucket
	}
	e := &Error{Reason: reason, Message: fmt.Sprintf("%s %s: %s", what, s.Where(key), mends[reason])}
	if detail != "" {
		e.Message += " (" + s.redact.Replace(detail) + ")"
	}
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ended) {
			e.cause = ended
		}
	}
	return e
}

// withCause says that it was our own bound that ended a call.
func withCause(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}

// classify gives the reason and what the store itself said. The detail is made
// of codes and of the innermost causes only: what lies around them has URLs,
// headers and bodies.
func classify(err error) (Reason, string) {
	switch {
	case errors.Is(err, errStalled):
		return Interrupted, errStalled.Error()
	case errors.Is(err, errNoIdentity):
		return BadCredentials, errNoIdentity.Error()
	case errors.Is(err, errNoDirectory):
		return WrongBucket, errNoDirectory.Error()
	}
	if status, code, ok := answer(err); ok {
		return byAnswer(status, code), strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, code))
	}
	for _, of := range []func(error) (Reason, string, bool){byIdentity, byNetwork, bySystem} {
		if reason, detail, ok := of(err); ok {
			return reason, detail
		}
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return NotFound, ""
	case gcerrors.FailedPrecondition:
		return Exists, ""
	case gcerrors.PermissionDenied:
		return AccessDenied, ""
	}
	return Unknown, fmt.Sprintf("%T", innermost(err))
}

// answer finds the HTTP status and the store's own code for what it refused.
func answer(err error) (status int, code string, ok bool) {
	var google *googleapi.Error
	if errors.As(err, &google) {
		for _, item := range google.Errors {
			return google.Code, item.Reason, true
		}
		return google.Code, "", true
	}
	var azure *azcore.ResponseError
	if errors.As(err, &azure) {
		return azure.StatusCode, azure.ErrorCode, true
	}
	var amazon smithy.APIError
	if errors.As(err, &amazon) {
		code = amazon.ErrorCode()
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= 300 {
		return response.HTTPStatusCode(), code, true
	}
	return 0, code, code != ""
}

// byCode are the codes that say more than their status.
var byCode = map[string]Reason{
	// S3
	"NoSuchBucket": WrongBucket, "InvalidBucketName": WrongBucket, "PermanentRedirect": WrongBucket, "AuthorizationHeaderMalformed": WrongBucket,
	"IllegalLocationConstraintException": WrongBucket,
	"NoSuchKey":                          NotFound, "NotFound": NotFound,
	"InvalidAccessKeyId":    BadCredentials,
	"SignatureDoesNotMatch": BadCredentials, "ExpiredToken": BadCredentials, "InvalidToken": BadCredentials,
	"ExpiredTokenException": BadCredentials, "TokenRefreshRequired": BadCredentials, "RequestTimeTooSkewed": BadCredentials, "InvalidClientTokenId": BadCredentials,
	"PreconditionFailed": Exists, "ConditionalRequestConflict": Exists,
	"InsufficientStorage": StoreFull, "QuotaExceeded": StoreFull, "XMinioStorageFull": StoreFull, "XMinioAdminBucketQuotaExceeded": StoreFull,
	"SlowDown": Interrupted, "RequestTimeout": Interrupted, "ServiceUnavailable": Interrupted, "InternalError": Interrupted,
	"XAdminUserNotFound": BadCredentials, // versitygw
	// Azure
	"ContainerNotFound": WrongBucket, "ContainerBeingDeleted": WrongBucket, "ResourceNotFound": WrongBucket, "AccountIsDisabled": ReadOnly,
	"BlobNotFound": NotFound, "BlobAlreadyExists": Exists, "ConditionNotMet": Exists,
	"AuthenticationFailed": BadCredentials, "InvalidAuthenticationInfo": BadCredentials, "NoAuthenticationInformation": BadCredentials,
	"ServerBusy": Interrupted, "OperationTimedOut": Interrupted, "AccountLimitExceeded": StoreFull, "WriteOperationNotAllowedForAccount": ReadOnly,
	// Google
	"conditionNotMet": Exists, "authError": BadCredentials, "quotaExceeded": StoreFull,
}

func byAnswer(status int, code string) Reason {
	if reason, ok := byCode[code]; ok {
		return reason
	}
	switch status {
	case http.StatusUnauthorized:
		return BadCredentials
	case http.StatusForbidden:
		return AccessDenied
	case http.StatusNotFound:
		return NotFound
	case http.StatusMovedPermanently, http.StatusFound:
		return WrongBucket
	case http.StatusConflict, http.StatusPreconditionFailed:
		return Exists
	case http.StatusInsufficientStorage:
		return StoreFull
	case http.StatusMethodNotAllowed:
		return ReadOnly
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Interrupted
	}
	return Unknown
}

// byIdentity is about who gives out tokens.
func byIdentity(err error) (Reason, string, bool) {
	var token *oauth2.RetrieveError
	if errors.As(err, &token) && token.Response != nil {
		return BadCredentials, fmt.Sprintf("the token's server answers HTTP %d %s", token.Response.StatusCode, token.ErrorCode), true
	}
	// Google's package for tokens keeps of an error only its text.
	if text := err.Error(); strings.Contains(text, "cannot fetch token") {
		switch {
		case strings.Contains(text, "x509:"):
			return UntrustedCertificate, "at the token's server", true
		case strings.Contains(text, "dial tcp"):
			return Unreachable, "the token's server", true
		case strings.Contains(text, "timeout"), strings.Contains(text, "EOF"):
			return Interrupted, "the token's server", true
		}
		return BadCredentials, "the token's server refuses", true
	}
	var refused *azidentity.AuthenticationFailedError
	var credential interface{ NonRetriable() }
	if errors.As(err, &refused) || errors.As(err, &credential) {
		return BadCredentials, errNoIdentity.Error(), true
	}
	// AWS has no type for it.
	if text := err.Error(); strings.Contains(text, "get credentials") || strings.Contains(text, "get identity") || strings.Contains(text, "refresh cached credentials") {
		return BadCredentials, errNoIdentity.Error(), true
	}
	return "", "", false
}

// byNetwork is about the way to the store.
func byNetwork(err error) (Reason, string, bool) {
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	if errors.As(err, &certificate) || errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) {
		return UntrustedCertificate, innermost(err).Error(), true
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return Unreachable, "the server does not speak TLS: is the endpoint http:// instead of https://", true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return Unreachable, "no address for " + dns.Name, true
	}
	var operation *net.OpError
	if errors.As(err, &operation) {
		if operation.Op == "dial" {
			return Unreachable, innermost(operation).Error(), true
		}
		return Interrupted, innermost(operation).Error(), true
	}
	var timeout net.Error
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Interrupted, "the connection was lost", true
	case errors.Is(err, context.Canceled):
		return Interrupted, "told to stop", true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Interrupted, errStalled.Error(), true
	}
	return "", "", false
}

// bySystem is about a directory.
func bySystem(err error) (Reason, string, bool) {
	detail := ""
	var number syscall.Errno
	if errors.As(err, &number) {
		detail = number.Error()
	}
	switch {
	case errors.Is(err, storage.ErrBucketNotExist):
		return WrongBucket, "", true
	case errors.Is(err, syscall.ENOTDIR):
		return WrongBucket, detail, true
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, storage.ErrObjectNotExist):
		return NotFound, "", true
	case errors.Is(err, fs.ErrExist):
		return Exists, "", true
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return StoreFull, detail, true
	case errors.Is(err, syscall.EROFS):
		return ReadOnly, detail, true
	case errors.Is(err, fs.ErrPermission):
		return AccessDenied, detail, true
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.ETIMEDOUT):
		return Interrupted, detail, true
	}
	return "", "", false
}

// innermost drops what wraps a cause, URLs above all.
func innermost(err error) error {
	var in *url.Error
	if errors.As(err, &in) {
		err = in.Err
	}
	for {
		next := errors.Unwrap(err)
		if several, ok := err.(interface{ Unwrap() []error }); ok && len(several.Unwrap()) > 0 {
			next = several.Unwrap()[0]
		}
		if next == nil {
			return err
		}
		err = next
	}
}
