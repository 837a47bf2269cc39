package planetlab

// The benchmark's time line and migration rules.
const (
	// StepSeconds is the time between two samples and between two ticks.
	StepSeconds = 300.0
	// SampleCount is the number of samples in a day; sample k is at k steps.
	SampleCount = 288
	// LastTick is the last decision tick; ticks are 1..LastTick.
	LastTick = SampleCount - 1
	// DaySeconds is the billed span of a day.
	DaySeconds = 86400.0
	// HostCount is the number of hosts, numbered from 0.
	HostCount = 800

	tickOffsetSeconds   = 0.1  // a tick's migrations start this much after its sample
	subframeSeconds     = 10.0 // rates are held this long
	migrationMBPerSec   = 62.5 // memory a live migration copies a second
	outboundShare       = 0.9  // what a VM receives of its claim while it moves out
	inboundShare        = 0.1  // what a VM requests on the host it moves to
	violationMIPS       = 1.0  // a host violates when its deficit exceeds this
	summationNoiseMIPS  = 1e-6 // below this a sum above the capacity is no overload
	joulesPerKWh        = 3.6e6
	capacityUnitMIPS    = 4.0 // divides a tenth of both host types' capacities
	powerSegments       = 10
	reservationMaxShare = 0.7 // reactive policies refuse a busier host while history is short
)

// HostType is a server model: its CPU, memory and SPECpower curve.
type HostType struct {
	Name         string
	CoreMIPS     float64 // of one core; a VM can use no more
	CapacityMIPS float64 // of all cores
	MemoryMB     float64
	Watts        [powerSegments + 1]float64 // at 0, 10, .. 100 % utilisation
}

// VMType is a size of virtual machine.
type VMType struct {
	MIPS     float64 // what 100 % in the trace stands for
	MemoryMB float64 // copied by a migration
}

var hostTypes = [2]HostType{
	{"HP ProLiant ML110 G4", 1860, 3720, 4096, [11]float64{86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117}},
	{"HP ProLiant ML110 G5", 2660, 5320, 4096, [11]float64{93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135}},
}

var vmTypes = [4]VMType{{2500, 870}, {2000, 1740}, {1000, 1740}, {500, 613}}

// HostTypeOf returns the type of a host: even hosts are G4, odd ones G5.
func HostTypeOf(host int) *HostType { return &hostTypes[host%2] }

// VMTypeOf returns the size of VM v among n: the four sizes take a quarter of
// the VMs each, in order.
func VMTypeOf(v, n int) VMType { return vmTypes[v/((n+3)/4)] }

// MigrationSeconds is how long a live migration of the VM lasts.
func (t VMType) MigrationSeconds() float64 { return t.MemoryMB / migrationMBPerSec }

// Power returns the draw in W with mips in use, linear between the points of
// the curve and flat beyond the capacity.
func (t *HostType) Power(mips float64) float64 {
	x := powerSegments * min(mips/t.CapacityMIPS, 1)
	i := min(int(x), powerSegments-1)
	return t.Watts[i] + float64((x-float64(i))*(t.Watts[i+1]-t.Watts[i]))
}

// TickSeconds is the time of tick k.
func TickSeconds(k int) float64 { return tickOffsetSeconds + float64(StepSeconds*float64(k)) }
