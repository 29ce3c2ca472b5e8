package storeserver

// Port is where the server listens in a pod.
const Port = 7070

// The server takes the keys of its only user from these variables: arguments
// can be read by everybody.
const (
	AccessKeyVariable = "ROOT_ACCESS_KEY_ID"
	SecretKeyVariable = "ROOT_SECRET_ACCESS_KEY"
)

// HealthPath answers 200 without credentials while the server serves.
const HealthPath = "/healthz"

// Options is how a server shall run.
type Options struct {
	// Listen is "ADDRESS:PORT" or ":PORT".
	Listen string
	// Folder keeps the buckets. Its filesystem must have extended attributes,
	// where the server keeps ETags and checksums.
	Folder string
	// CertFile and KeyFile are PEM files: it serves TLS and nothing else. They
	// are read once, when it starts.
	CertFile, KeyFile string
	// ReadOnly: each write is answered with 403 AccessDenied.
	ReadOnly bool
}

// Args are the arguments of versitygw.
func (o Options) Args() []string {
	args := []string{"--port=" + o.Listen, "--cert=" + o.CertFile, "--key=" + o.KeyFile, "--health=" + HealthPath, "--keep-alive"}
	if o.ReadOnly {
		args = append(args, "--readonly")
	}
	return append(args, "posix", o.Folder)
}
