// Package events reads and writes the JSON form of events: one object with a
// "type" and the event's fields. It is what `drover ingest decode` prints and
// what the events API takes, so that the one can feed the other.
//
// Times are RFC 3339 in UTC, durations milliseconds, everything else in the
// model's units; fields that are zero are left out.
package events

import "drover/internal/model"

// The values of an event's "type".
const (
	TypeMetric      = "metric"
	TypeSample      = "sample" // a series that no mapping claims; decode only
	TypeSpan        = "span"
	TypeCall        = "call"
	TypePath        = "path"
	TypeServer      = "server"
	TypeApplication = "application"
	TypeCalendar    = "calendar"
	TypeMaintenance = "maintenance"
	TypeControl     = "control"
)

type wireMetric struct {
	Type     string       `json:"type"`
	Fleet    string       `json:"fleet,omitempty"`
	Entity   string       `json:"entity"`
	At       *instant     `json:"at,omitempty"`
	Producer string       `json:"producer,omitempty"`
	Samples  []wireSample `json:"samples"`
}

type wireSample struct {
	Resource string  `json:"resource"`
	Kind     string  `json:"kind,omitempty"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit,omitempty"`
}

type wirePoint struct {
	Type   string            `json:"type"`
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	Kind   string            `json:"kind,omitempty"`
	Unit   string            `json:"unit,omitempty"`
	Value  any               `json:"value"`
	At     *instant          `json:"at,omitempty"`
}

type wireSpan struct {
	Type                 string `json:"type"`
	Fleet                string `json:"fleet,omitempty"`
	TraceID              string `json:"trace_id"`
	SpanID               string `json:"span_id"`
	ParentID             string `json:"parent_id,omitempty"`
	Kind                 string `json:"kind,omitempty"`
	Service              string `json:"service,omitempty"`
	Instance             string `json:"instance,omitempty"`
	Peer                 string `json:"peer,omitempty"`
	PeerAddress          string `json:"peer_address,omitempty"`
	Name                 string `json:"name,omitempty"`
	StartMicros          int64  `json:"start_us,omitempty"`
	DurationMicros       *int64 `json:"duration_us,omitempty"`
	Error                bool   `json:"error,omitempty"`
	Shared               bool   `json:"shared,omitempty"`
	MessagingSystem      string `json:"messaging_system,omitempty"`
	MessagingDestination string `json:"messaging_destination,omitempty"`
	DatabaseSystem       string `json:"database_system,omitempty"`
	RequestBytes         uint64 `json:"request_bytes,omitempty"`
	ResponseBytes        uint64 `json:"response_bytes,omitempty"`
	Producer             string `json:"producer,omitempty"`
}

type wireCall struct {
	Type           string   `json:"type"`
	Fleet          string   `json:"fleet,omitempty"`
	Caller         string   `json:"caller"`
	Callee         string   `json:"callee"`
	At             *instant `json:"at,omitempty"`
	Producer       string   `json:"producer,omitempty"`
	Origin         string   `json:"origin,omitempty"`
	Calls          uint64   `json:"calls"`
	Errors         uint64   `json:"errors,omitempty"`
	RequestBytes   uint64   `json:"request_bytes,omitempty"`
	ResponseBytes  uint64   `json:"response_bytes,omitempty"`
	DurationMicros []uint64 `json:"duration_us,omitempty"`
	SpanID         string   `json:"span_id,omitempty"`
}

type wirePath struct {
	Type     string    `json:"type"`
	Fleet    string    `json:"fleet,omitempty"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	At       *instant  `json:"at,omitempty"`
	Producer string    `json:"producer,omitempty"`
	Reached  bool      `json:"reached"`
	Hops     []wireHop `json:"hops"`
}

type wireHop struct {
	TTL       int     `json:"ttl"`
	Address   string  `json:"address,omitempty"`
	RTTMicros []int64 `json:"rtt_us,omitempty"`
	Lost      int     `json:"lost,omitempty"`
}

type wireServer struct {
	Type                  string            `json:"type"`
	Fleet                 string            `json:"fleet,omitempty"`
	ID                    string            `json:"id"`
	At                    *instant          `json:"at,omitempty"`
	Capacity              resources         `json:"capacity,omitempty"`
	SafetyPPM             resources         `json:"safety_ppm,omitempty"`
	Zone                  string            `json:"zone,omitempty"`
	Rack                  string            `json:"rack,omitempty"`
	Labels                map[string]string `json:"labels,omitempty"`
	Power                 []wirePower       `json:"power,omitempty"`
	CostMicrosPerHour     int64             `json:"cost_micros_per_hour,omitempty"`
	WakeMillis            int64             `json:"wake_ms,omitempty"`
	MTBFMillis            int64             `json:"mtbf_ms,omitempty"`
	MTTRMillis            int64             `json:"mttr_ms,omitempty"`
	ZoneMTBFMillis        int64             `json:"zone_mtbf_ms,omitempty"`
	ZoneMTTRMillis        int64             `json:"zone_mttr_ms,omitempty"`
	CoreSpeedMilli        int64             `json:"core_speed_milli,omitempty"`
	Unschedulable         bool              `json:"unschedulable,omitempty"`
	Removed               bool              `json:"removed,omitempty"`
	AgentURL              string            `json:"agent_url,omitempty"`
	DisruptionConcurrency int               `json:"disruption_concurrency,omitempty"`
}

type wirePower struct {
	UtilisationPPM  int64 `json:"utilisation_ppm"`
	PowerMilliwatts int64 `json:"power_milliwatts"`
}

type wireSLO struct {
	ResponseQuantilePPM int64 `json:"response_quantile_ppm,omitempty"`
	ResponseMicros      int64 `json:"response_us,omitempty"`
	AvailabilityPPM     int64 `json:"availability_ppm,omitempty"`
	HeadroomPPM         int64 `json:"headroom_ppm,omitempty"`
}

type wireApplication struct {
	Type            string            `json:"type"`
	Fleet           string            `json:"fleet,omitempty"`
	ID              string            `json:"id"`
	At              *instant          `json:"at,omitempty"`
	Replicas        int               `json:"replicas"`
	Request         resources         `json:"request,omitempty"`
	DataBytes       int64             `json:"data_bytes,omitempty"`
	Stateful        bool              `json:"stateful,omitempty"`
	SLO             *wireSLO          `json:"slo,omitempty"`
	MinimumZones    int               `json:"minimum_zones,omitempty"`
	AntiAffinity    []string          `json:"anti_affinity,omitempty"`
	Affinity        []string          `json:"affinity,omitempty"`
	AllowedServers  []string          `json:"allowed_servers,omitempty"`
	DependsOn       []string          `json:"depends_on,omitempty"`
	MaxMovesPerHour int               `json:"max_moves_per_hour,omitempty"`
	MoveCost        int64             `json:"move_cost,omitempty"`
	Driver          string            `json:"driver,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Placement       []string          `json:"placement,omitempty"`
	DemandMicros    int64             `json:"demand_us,omitempty"`
	ServiceCVMilli  int64             `json:"service_cv_milli,omitempty"`
	Removed         bool              `json:"removed,omitempty"`
}

type wireCalendar struct {
	Type         string   `json:"type"`
	Fleet        string   `json:"fleet,omitempty"`
	ID           string   `json:"id"`
	Kind         string   `json:"kind,omitempty"`
	Name         string   `json:"name,omitempty"`
	Start        *instant `json:"start"`
	End          *instant `json:"end"`
	At           *instant `json:"at,omitempty"`
	Applications []string `json:"applications,omitempty"`
	UpliftPPM    int64    `json:"uplift_ppm,omitempty"`
	Cancelled    bool     `json:"cancelled,omitempty"`
}

type wireMaintenance struct {
	Type           string   `json:"type"`
	Fleet          string   `json:"fleet,omitempty"`
	ID             string   `json:"id"`
	Server         string   `json:"server,omitempty"`
	Start          *instant `json:"start,omitempty"`
	End            *instant `json:"end,omitempty"`
	At             *instant `json:"at,omitempty"`
	EarliestStart  *instant `json:"earliest_start,omitempty"`
	LatestEnd      *instant `json:"latest_end,omitempty"`
	DurationMillis int64    `json:"duration_ms,omitempty"`
	Reason         string   `json:"reason,omitempty"`
	Hook           string   `json:"hook,omitempty"`
	Cancelled      bool     `json:"cancelled,omitempty"`
}

type wireControl struct {
	Type     string   `json:"type"`
	Fleet    string   `json:"fleet,omitempty"`
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Plan     string   `json:"plan,omitempty"`
	Wave     int      `json:"wave,omitempty"`
	Server   string   `json:"server,omitempty"`
	Producer string   `json:"producer,omitempty"`
	Mode     string   `json:"mode,omitempty"`
	By       string   `json:"by,omitempty"`
	Comment  string   `json:"comment,omitempty"`
	At       *instant `json:"at,omitempty"`
}

// instant is a model.Instant that may be left out.
type instant = model.Instant

// resources is a vector by resource name; missing ones are zero.
type resources map[string]int64

func fromVector(v [model.ResourceCount]int64) resources {
	var out resources
	for _, r := range model.Resources() {
		if v[r] != 0 {
			if out == nil {
				out = resources{}
			}
			out[r.String()] = v[r]
		}
	}
	return out
}

func (rs resources) vector() (v [model.ResourceCount]int64, err error) {
	for name, amount := range rs {
		r, err := model.ParseResource(name)
		if err != nil {
			return v, err
		}
		v[r] = amount
	}
	return v, nil
}

// when leaves out the zero instant.
func when(t model.Instant) *instant {
	if t == model.NoInstant {
		return nil
	}
	return &t
}

func orZero(t *instant) model.Instant {
	if t == nil {
		return model.NoInstant
	}
	return *t
}

// texts converts between lists of string types.
func texts[To, From ~string](from []From) []To {
	if from == nil {
		return nil
	}
	to := make([]To, len(from))
	for i, s := range from {
		to[i] = To(s)
	}
	return to
}
