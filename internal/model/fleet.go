package model

import "time"

// PowerPoint is one point of a power curve: at UtilisationPPM of CPU capacity
// the server draws PowerMilliwatts. Between points the curve is linear.
type PowerPoint struct {
	UtilisationPPM  int64
	PowerMilliwatts int64
}

// Server is a machine that replicas run on.
type Server struct {
	Fleet    FleetID
	ID       ServerID
	At       Instant
	Capacity Vector
	// SafetyPPM is the share of each capacity (parts per million) above which
	// load is penalised; 0 means 800,000 (80 %).
	SafetyPPM [ResourceCount]int64
	Zone      string
	Rack      string
	Labels    map[string]string
	// Power is the curve, by rising utilisation; empty means it is not accounted.
	Power             []PowerPoint
	CostMicrosPerHour int64 // money while the server is on, millionths
	WakeDuration      time.Duration
	MTBF, MTTR        time.Duration // zero: unknown
	// ZoneMTBF and ZoneMTTR are those of the whole zone the server stands in, zero
	// where nobody states them.
	ZoneMTBF, ZoneMTTR    time.Duration
	CoreSpeedMilli        int64 // relative speed of one core; 1000 is the reference
	Unschedulable         bool
	Removed               bool // tombstone
	AgentURL              string
	DisruptionConcurrency int // moves at once; 0 means the fleet's default
}

// SLO is what an application promises. Zero fields promise nothing.
type SLO struct {
	// ResponseQuantilePPM of requests answer within ResponseMicros.
	ResponseQuantilePPM int64
	ResponseMicros      int64
	AvailabilityPPM     int64 // over a month
	HeadroomPPM         int64 // spare share of CPU on the application's servers
}

// Application is a service with its replicas, needs and policies.
type Application struct {
	Fleet    FleetID
	ID       ApplicationID
	At       Instant
	Replicas int
	// Request is what one replica asks for where no forecast is known yet.
	Request Vector
	// DataBytes is what has to be copied when a replica moves.
	DataBytes int64
	Stateful  bool
	SLO       SLO
	// MinimumZones is the least number of zones the replicas must stand in.
	MinimumZones int
	// AntiAffinity lists applications that must not share a server with this one;
	// its own name keeps its replicas apart.
	AntiAffinity []ApplicationID
	Affinity     []ApplicationID
	// AllowedServers, where not empty, are the only servers it may run on.
	AllowedServers []ServerID
	// DependsOn are declared dependencies.
	DependsOn []ApplicationID
	// MaxMovesPerHour limits disruption; 0 means the fleet's default.
	MaxMovesPerHour int
	// MoveCost weighs a move of one replica against the other objectives.
	MoveCost int64
	Driver   string // which actuator moves it; empty means the fleet's default
	Labels   map[string]string
	// Placement is where the replicas run, by replica index, as the producer of
	// the metadata saw it.
	Placement []ServerID
	// DemandMicros is the CPU time one call costs, where known; 0: estimated.
	DemandMicros int64
	// ServiceCVMilli is the coefficient of variation of the service time, in
	// thousandths; negative means unknown.
	ServiceCVMilli int64
	Removed        bool
}

// CalendarEvent is something dated that changes load: a campaign, a holiday, a
// release.
type CalendarEvent struct {
	Fleet FleetID
	ID    string
	Kind  string // "campaign", "holiday", ... : effects are learned per kind
	Name  string
	Start Instant
	End   Instant // exclusive
	At    Instant // when it became known
	// Applications it concerns; empty means all.
	Applications []ApplicationID
	// UpliftPPM is the stated change of load (250,000 = +25 %); 0: unknown.
	UpliftPPM int64
	Cancelled bool
}

// Maintenance is an announced window in which a server can't be used.
type Maintenance struct {
	Fleet  FleetID
	ID     string
	Server ServerID
	Start  Instant
	End    Instant
	At     Instant // when it became known
	// EarliestStart and LatestEnd say how far the window may be shifted; zero
	// means it may not.
	EarliestStart, LatestEnd Instant
	Duration                 time.Duration
	Reason                   string
	// Hook names the update to run when the server is drained; empty: none.
	Hook      string
	Cancelled bool
	// Roll names the update order that this one belongs to; updates without one
	// are rolled with those of the same hook. AtOnce is how many servers of the roll
	// may be out of use together; 0: the fleet's default.
	Roll   string
	AtOnce int
}
