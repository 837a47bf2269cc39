package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// FleetID names a fleet: the unit of tenancy and of planning. It is in every key.
type FleetID string

// EntityKind says what an entity is.
type EntityKind string

// The kinds of entities that have metrics and forecasts.
const (
	KindServer      EntityKind = "server"
	KindApplication EntityKind = "app"
	KindReplica     EntityKind = "replica"
)

// EntityID names an entity within its fleet as "kind:name", for example
// "server:s12", "app:web" or "replica:web/3".
type EntityID string

// ServerEntity returns the entity of a server.
func ServerEntity(id ServerID) EntityID { return EntityID(string(KindServer) + ":" + string(id)) }

// ApplicationEntity returns the entity of an application.
func ApplicationEntity(id ApplicationID) EntityID {
	return EntityID(string(KindApplication) + ":" + string(id))
}

// ReplicaEntity returns the entity of one replica.
func ReplicaEntity(id ReplicaID) EntityID { return EntityID(string(KindReplica) + ":" + string(id)) }

// Split returns the kind and the name of an entity. ok is false where the
// identity has no known kind or no name.
func (e EntityID) Split() (kind EntityKind, name string, ok bool) {
	k, n, found := strings.Cut(string(e), ":")
	switch kind = EntityKind(k); kind {
	case KindServer, KindApplication, KindReplica:
		return kind, n, found && n != ""
	}
	return "", "", false
}

// ServerID names a server within its fleet.
type ServerID string

// ApplicationID names an application (a service) within its fleet.
type ApplicationID string

// ReplicaID names one running copy of an application: "application/index".
type ReplicaID string

// NewReplicaID returns the identity of an application's replica.
func NewReplicaID(app ApplicationID, index int) ReplicaID {
	return ReplicaID(string(app) + "/" + strconv.Itoa(index))
}

// Split returns the application and the index that a replica's identity holds.
func (r ReplicaID) Split() (ApplicationID, int, error) {
	i := strings.LastIndexByte(string(r), '/')
	if i <= 0 {
		return "", 0, fmt.Errorf("replica %q: want application/index", string(r))
	}
	index, err := strconv.Atoi(string(r[i+1:]))
	if err != nil || index < 0 {
		return "", 0, fmt.Errorf("replica %q: index must be a whole number from 0", string(r))
	}
	return ApplicationID(r[:i]), index, nil
}

// PlanID names a plan; see NewPlanID.
type PlanID string

// StepID names a step of a plan: it is also the idempotency key of its command.
type StepID string

// NewPlanID derives a plan's identity from what it was decided on, so that the
// same decision has the same identity live and replayed.
func NewPlanID(fleet FleetID, tick Instant, inputsDigest string) PlanID {
	return PlanID("p-" + Digest(string(fleet), strconv.FormatInt(int64(tick), 10), inputsDigest)[:12])
}

// Digest returns the SHA-256 of the parts in lower-case hexadecimal. Each part
// is preceded by its length, so that no two different lists collide.
func Digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p))))
		h.Write([]byte{':'})
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}
