// Package store keeps objects in S3 and what speaks it, Google Cloud Storage,
// Azure Blob Storage, or a directory: one URL and one directory of credentials.
// No call goes on without progress for ever, an object appears whole or not at
// all, and an error names the place, the reason and the mend, and never a
// credential.
//
// It is the only importer of cloud SDKs and of gocloud.dev.
package store
