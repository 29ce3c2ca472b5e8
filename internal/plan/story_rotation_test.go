package plan

import "fmt"

func (l *lab) tellRotation(key, value string) error {
	r := l.seen.Certificates.Rotation
	switch key {
	case "name":
		r.Name = value
	case "stage":
		r.Stage = RotationStage(value)
	case "lagging":
		r.Lagging = value == "true"
	case "until":
		r.Until = value
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	for i := range l.seen.Members {
		l.seen.Members[i].Trust = TrustLoaded
	}
	return nil
}

// performRotation turns the authorities; what is trusted beside the leaves is
// theirs to be issued.
func (l *lab) performRotation(a Action) {
	switch a := a.(type) {
	case Rotate:
		r := *l.seen.Certificates.Rotation
		r.Lagging = false
		r.Stage = map[RotationStage]RotationStage{
			RotationNotBegun: RotationAnnounced, RotationAnnounced: RotationRetiring, RotationRetiring: RotationOver,
		}[a.From]
		l.seen.Certificates.Rotation, l.seen.Certificates.LostAuthorities = &r, nil
		l.seen.Certificates.Wanted = []string{"demo-member-tls", "demo-operator-tls", "demo-client-tls"}
		l.rebundled = r.Stage != RotationRetiring // then only who signs has changed
	case Restart:
		l.member(a.Name).Trust = TrustLoaded
	}
}

// bundles brings the Secret to the members' disks.
func (l *lab) bundles() {
	if !l.rebundled {
		return
	}
	l.rebundled = false
	l.seen.Certificates.Trust = map[RotationStage]string{RotationAnnounced: "both", RotationOver: "new"}[l.seen.Certificates.Rotation.Stage]
	for i := range l.seen.Members {
		l.seen.Members[i].Trust, l.seen.Members[i].Stale = TrustOnDisk, "whom it trusts has changed"
	}
}
