package kubernetes

// FieldManager is the name under which Drover writes to objects: what it has
// set can be told from what others have, and is taken back by it alone.
const FieldManager = "drover-executor"

// Annotations that people set on workloads (Deployment, StatefulSet).
const (
	// Application names the application where "namespace/name" isn't wanted.
	Application = "drover.dev/application"
	// ServiceName is OpenTelemetry's annotation on a pod template: the name under
	// which the workload's spans come. It names the application too.
	ServiceName = "resource.opentelemetry.io/service.name"
	// DependsOn lists applications that this one calls: "shop/db, shop/cache".
	DependsOn = "drover.dev/depends-on"
	// ResponseTarget is "p99=250ms" or "250ms" (then of 99 % of the requests).
	ResponseTarget = "drover.dev/slo-response"
	// AvailabilityTarget is a percentage over a month: "99.9".
	AvailabilityTarget = "drover.dev/slo-availability"
	// HeadroomTarget is a percentage of CPU kept spare: "20".
	HeadroomTarget = "drover.dev/slo-headroom"
	// MovesPerHour limits disruption: "4".
	MovesPerHour = "drover.dev/moves-per-hour"
	// MoveCost weighs a move of one replica against the other objectives: "10".
	MoveCost = "drover.dev/move-cost"
	// DataSize is what a move of one replica copies: "20Gi".
	DataSize = "drover.dev/data-size"
	// Ignore leaves the object out: "true".
	Ignore = "drover.dev/ignore"
	// DriverName names the driver that moves it; unset: "kubernetes".
	DriverName = "drover.dev/driver"
)

// Annotations that people set on nodes.
const (
	// MaintenanceStart and MaintenanceEnd announce a window: RFC 3339 in UTC.
	MaintenanceStart = "drover.dev/maintenance-start"
	MaintenanceEnd   = "drover.dev/maintenance-end"
	// MaintenanceReason is told to people.
	MaintenanceReason = "drover.dev/maintenance-reason"
	// MaintenanceHook names the update to run when the node is drained.
	MaintenanceHook = "drover.dev/maintenance-hook"
	// Drain asks for the node to be emptied now: "true".
	Drain = "drover.dev/drain"
)

// What Drover sets itself while it moves a replica.
const (
	// MoveLabel marks a pod that a move has made, by the move's digest; it stays
	// until the pod belongs to its controller.
	MoveLabel = "drover.dev/move"
	// HoldLabel marks a placeholder that keeps room, by the move's digest.
	HoldLabel = "drover.dev/hold"
	// Claim on a pod says which move takes it away.
	Claim = "drover.dev/claimed-by"
	// Epoch is the owner's, on the objects that a move acts on: a newer owner
	// writes it first, so that the older one's writes meet another version.
	Epoch = "drover.dev/epoch"
	// Replaces names the pod that a move's pod stands in for.
	Replaces = "drover.dev/replaces"
	// Hash is the pod-template-hash that the move's pod will be given.
	Hash = "drover.dev/pod-template-hash"
	// Replica is the index of the replica that a pod is.
	Replica = "drover.dev/replica"
	// CommandPrefix begins the annotations of a workload that remember the last
	// command of each of its moves.
	CommandPrefix = "commands.drover.dev/"
	// PlacementGate is the scheduling gate of a pod that isn't to be placed yet.
	PlacementGate = "drover.dev/placement"
	// ServingGate is the readiness gate by which a move's pod gets traffic.
	ServingGate = "drover.dev/serving"
)
