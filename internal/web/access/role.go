package access

import (
	"fmt"
	"slices"

	"drover/internal/model"
)

// Role is what somebody may do; each includes those below it.
type Role uint8

// The roles, from least to most.
const (
	// Public needs no identity.
	Public Role = iota
	// Viewer reads.
	Viewer
	// Operator pauses, resumes and stops, throws the kill switch, asks what-if.
	Operator
	// Approver approves and rejects plans and empties servers.
	Approver
	// Admin lifts the kill switch and reads everything.
	Admin
)

var roleNames = []string{"public", "viewer", "operator", "approver", "admin"}

// String returns the role's name.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// MarshalText writes the name.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a name; nobody is given the role public.
func (r *Role) UnmarshalText(text []byte) error {
	i := slices.Index(roleNames, string(text))
	if i < 1 {
		return fmt.Errorf("role %q: want viewer, operator, approver or admin", text)
	}
	*r = Role(i)
	return nil
}

// Principal is who sends a request.
type Principal struct {
	Name string
	Role Role
	// Fleets are those it may see; empty means all.
	Fleets []model.FleetID
	// Means is how it proved itself: "loopback", "token", "certificate" or "oidc".
	Means string
}

// Sees tells whether the principal may see a fleet.
func (p *Principal) Sees(fleet model.FleetID) bool {
	return len(p.Fleets) == 0 || slices.Contains(p.Fleets, fleet)
}

// Ambient tells whether a browser sends the proof by itself, so that another
// site could make it do so.
func (p *Principal) Ambient() bool { return p.Means == "loopback" || p.Means == "certificate" }
