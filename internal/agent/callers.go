package agent

import (
	"crypto/tls"
	"fmt"
	"net/http"

	"github.com/quorate/quorate/internal/control"
)

// knownCaller lets in who has a name that anything is served to.
func knownCaller(state tls.ConnectionState) error {
	switch name := state.PeerCertificates[0].Subject.CommonName; name {
	case control.OperatorCommonName, control.RestoreCommonName:
		return nil
	default:
		return fmt.Errorf("client %q is neither the operator nor a restore", name)
	}
}

// onlyWhatIsTheirs serves everything to the operator, and to a restore the one
// request that it is for.
func onlyWhatIsTheirs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.TLS.PeerCertificates[0].Subject.CommonName
		stages := r.Method == http.MethodPut && r.URL.Path == control.PathSnapshot
		if name != control.OperatorCommonName && (name != control.RestoreCommonName || !stages) {
			writeJSON(w, http.StatusForbidden, control.Refusal{Message: fmt.Sprintf("This is not for %s to ask.", name)})
			return
		}
		next.ServeHTTP(w, r)
	})
}
