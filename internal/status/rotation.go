package status

import (
	"fmt"

	"github.com/quorate/quorate/internal/plan"
)

// rotationMessage says what clients have to do while authorities are replaced, and
// until when.
func rotationMessage(r plan.Rotation, expiry string) string {
	todo := "Until %s clients have to take up ca.crt of the Secret for clients, which holds the new authorities beside the old; then the new ones sign."
	if r.Stage == plan.RotationRetiring {
		todo = "Until %s clients have to take up the certificate of the Secret for clients, which the new authority has signed; then the old ones are not trusted any more."
	}
	return fmt.Sprintf("All certificates are valid; the first ends %s. The certificate authorities are being replaced (%s). ", expiry, r.Name) + fmt.Sprintf(todo, r.Until)
}
