package snapshot

// Reason says why something did not become of a backup. The set is closed:
// conditions are made of it.
type Reason string

// What stores say.
const (
	// NotFound: there is no such object.
	NotFound Reason = "NotFound"
	// Exists: there is such an object already, and it was to be new.
	Exists Reason = "Exists"
	// AccessDenied: the credentials are known, and may not do this.
	AccessDenied Reason = "AccessDenied"
	// BadCredentials: the credentials are missing, malformed, unknown or expired.
	BadCredentials Reason = "BadCredentials"
	// UntrustedCertificate: the server's certificate is signed by nobody who is trusted, or is another host's.
	UntrustedCertificate Reason = "UntrustedCertificate"
	// WrongBucket: there is no such bucket, container or volume, or it is in another region.
	WrongBucket Reason = "WrongBucket"
	// StoreFull: there is no room or quota left.
	StoreFull Reason = "StoreFull"
	// ReadOnly: the store takes no writes from anybody.
	ReadOnly Reason = "ReadOnly"
	// Unreachable: nothing answers there.
	Unreachable Reason = "Unreachable"
	// Interrupted: it answered, and then no more, or too slowly, or was told to stop.
	Interrupted Reason = "Interrupted"
	// BadLocation: the URL or an option is not one that names a store.
	BadLocation Reason = "BadLocation"
	// Unknown: something else.
	Unknown Reason = "Unknown"
)

// What is wrong with a snapshot or its keys.
const (
	// Damaged: the bytes are not those that were written, or belong to
	// another manifest.
	Damaged Reason = "Damaged"
	// WrongKey: the bytes are those that were written, and none of the
	// identities opens them.
	WrongKey Reason = "WrongKey"
	// BadKey: what was given as a key is none.
	BadKey Reason = "BadKey"
)

// What Jobs say.
const (
	// NoQuorum: the members that answer are no quorum.
	NoQuorum Reason = "NoQuorum"
	// NoMember: no voter that could be read answers.
	NoMember Reason = "NoMember"
	// SnapshotFailed: the member broke the snapshot off.
	SnapshotFailed Reason = "SnapshotFailed"
	// WrongCluster: another cluster answers at the endpoints.
	WrongCluster Reason = "WrongCluster"
	// NameTaken: another backup has the name.
	NameTaken Reason = "NameTaken"
	// BrokenManifest: there is a manifest, and it cannot be read.
	BrokenManifest Reason = "BrokenManifest"
	// NoBackup: there is none of that name, or none that is old enough.
	NoBackup Reason = "NoBackup"
	// NotTaken: a member does not take the snapshot.
	NotTaken Reason = "NotTaken"
	// DiskFailed: the Job's own volume cannot take the file.
	DiskFailed Reason = "DiskFailed"
	// BadRequest: what the Job was asked cannot be.
	BadRequest Reason = "BadRequest"
	// TimedOut: the time for the whole Job is over.
	TimedOut Reason = "TimedOut"
	// Failed: something else.
	Failed Reason = "Failed"
)
