package network

import "fmt"

// Family says which IP versions the cluster speaks.
type Family string

// The families a cluster can have.
const (
	IPv4 Family = "ipv4"
	IPv6 Family = "ipv6"
	Dual Family = "dual"
)

// ParseFamily checks a family given by a person.
func ParseFamily(s string) (Family, error) {
	switch f := Family(s); f {
	case IPv4, IPv6, Dual:
		return f, nil
	}
	return "", fmt.Errorf("the family %q is none of ipv4, ipv6 and dual", s)
}

// stacks lists the address layouts of the family, the preferred one first.
func (f Family) stacks() []stack {
	switch f {
	case IPv6:
		return []stack{v6}
	case Dual:
		return []stack{v4, v6}
	default:
		return []stack{v4}
	}
}
