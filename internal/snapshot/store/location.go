package store

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"
)

// Options say which store, and how it is reached.
type Options struct {
	// URL is s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix
	// or file:///volume/prefix, where the volume is mounted and folders below
	// are made as needed. It never holds credentials.
	URL string
	// Prefix goes between the URL's own and every name, with a slash after it.
	Prefix string
	// Endpoint is the URL of the service, where it is not the cloud's own. For
	// Azure it is the account's: https://ACCOUNT.blob.core.windows.net.
	Endpoint string
	// Region is of S3 only; us-east-1 by default.
	Region string
	// PathStyle puts the bucket behind the endpoint's host instead of before it; S3 only.
	PathStyle bool
	// Credentials is a directory with the keys of a Secret as files. Where none
	// of them is there, the Pod's own identity in the cloud is used.
	Credentials string
	// CABundle is a file with certificates that are trusted besides the
	// system's; ca.crt among the credentials is another.
	CABundle string
	// Stall is how long a connection may be without progress; 30 s by default.
	Stall time.Duration
}

const defaultStall = 30 * time.Second

type scheme string

const (
	schemeS3    scheme = "s3"
	schemeGCS   scheme = "gs"
	schemeAzure scheme = "azblob"
	schemeFile  scheme = "file"
)

// location is a parsed URL.
type location struct {
	scheme scheme
	// bucket is the bucket, the container, or the volume's mount point.
	bucket string
	// prefix is empty or ends with a slash.
	prefix   string
	endpoint string
}

// String names the place in messages.
func (l location) String() string {
	text := string(l.scheme) + "://" + l.bucket + "/" + l.prefix
	if l.scheme == schemeFile {
		text = "file://" + path.Join(l.bucket, l.prefix)
	}
	if l.endpoint != "" {
		text += " at " + l.endpoint
	}
	return text
}

func parse(o Options) (location, error) {
	// What cannot be parsed is not told: it may hold a password.
	u, err := url.Parse(o.URL)
	if err != nil {
		return location{}, badLocation("the store's URL cannot be parsed: want s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix or file:///volume/prefix")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return location{}, badLocation("the store's URL holds a user, a query or a fragment: credentials belong in the Secret, options in fields of their own")
	}
	l := location{scheme: scheme(u.Scheme), bucket: u.Host}
	if l.endpoint, err = checkEndpoint(o.Endpoint); err != nil {
		return location{}, err
	}
	prefix := u.Path
	switch l.scheme {
	case schemeS3, schemeGCS, schemeAzure:
		if l.bucket == "" {
			return location{}, badLocation(fmt.Sprintf("the store's URL %q names no bucket: want %s://bucket/prefix", o.URL, l.scheme))
		}
	case schemeFile:
		if u.Host != "" || !path.IsAbs(u.Path) || path.Clean(u.Path) == "/" {
			return location{}, badLocation(fmt.Sprintf("the store's URL %q is no volume: want file:///volume/prefix", o.URL))
		}
		volume, rest, _ := strings.Cut(strings.TrimPrefix(path.Clean(u.Path), "/"), "/")
		l.bucket, prefix, l.endpoint = "/"+volume, rest, ""
	default:
		return location{}, badLocation(fmt.Sprintf("the store's URL begins with %q: want s3, gs, azblob or file", u.Scheme+"://"))
	}
	l.prefix, err = cleanPrefix(prefix + "/" + o.Prefix)
	return l, err
}

func cleanPrefix(prefix string) (string, error) {
	var parts []string
	for part := range strings.SplitSeq(prefix, "/") {
		switch part {
		case "":
		case ".", "..":
			return "", badLocation(fmt.Sprintf("the prefix %q has a part that is %q: name the place itself", prefix, part))
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "", nil
	}
	return strings.Join(parts, "/") + "/", nil
}

func checkEndpoint(endpoint string) (string, error) {
	if endpoint == "" {
		return "", nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", badLocation("the store's endpoint is no URL: want https://host or https://host:port")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", badLocation("the store's endpoint holds a user, a query or a fragment: credentials belong in the Secret")
	}
	return strings.TrimSuffix(endpoint, "/"), nil
}

func badLocation(message string) error { return &Error{Reason: BadLocation, Message: message} }
