package inventory

// document is one YAML document.
type document struct {
	Fleet        string        `yaml:"fleet"`
	Zones        []zone        `yaml:"zones"`
	Servers      []server      `yaml:"servers"`
	Applications []application `yaml:"applications"`
}

// zone says how often all servers of a zone are down at once, and for how long.
type zone struct {
	ID   string `yaml:"id"`
	MTBF string `yaml:"mtbf"`
	MTTR string `yaml:"mttr"`
}

type server struct {
	ID            string            `yaml:"id"`
	Zone          string            `yaml:"zone"`
	Rack          string            `yaml:"rack"`
	Capacity      amounts           `yaml:"capacity"`
	Safety        *float64          `yaml:"safety"`
	Power         []powerPoint      `yaml:"power"`
	CostPerHour   float64           `yaml:"cost_per_hour"`
	Wake          string            `yaml:"wake"`
	MTBF          string            `yaml:"mtbf"`
	MTTR          string            `yaml:"mttr"`
	ZoneMTBF      string            `yaml:"-"` // filled in from the zones, or a column
	ZoneMTTR      string            `yaml:"-"`
	CoreSpeed     float64           `yaml:"core_speed"`
	Labels        map[string]string `yaml:"labels"`
	Agent         string            `yaml:"agent"`
	Unschedulable bool              `yaml:"unschedulable"`
	Removed       bool              `yaml:"removed"`
	Concurrency   int               `yaml:"disruption_concurrency"`
	Maintenance   []window          `yaml:"maintenance"`
}

// amounts are resources by name, with units.
type amounts struct {
	CPU      string `yaml:"cpu"`
	Memory   string `yaml:"memory"`
	Receive  string `yaml:"receive"`
	Transmit string `yaml:"transmit"`
	Disk     string `yaml:"disk"`
}

type powerPoint struct {
	Utilisation float64 `yaml:"utilisation"`
	Watts       float64 `yaml:"watts"`
}

type window struct {
	ID            string `yaml:"id"`
	Start         string `yaml:"start"`
	End           string `yaml:"end"`
	EarliestStart string `yaml:"earliest_start"`
	LatestEnd     string `yaml:"latest_end"`
	Duration      string `yaml:"duration"`
	Reason        string `yaml:"reason"`
	Hook          string `yaml:"hook"`
	Cancelled     bool   `yaml:"cancelled"`
}

type application struct {
	ID              string            `yaml:"id"`
	Replicas        int               `yaml:"replicas"`
	Request         amounts           `yaml:"request"`
	Data            string            `yaml:"data"`
	Stateful        bool              `yaml:"stateful"`
	SLO             slo               `yaml:"slo"`
	MinimumZones    int               `yaml:"minimum_zones"`
	AntiAffinity    []string          `yaml:"anti_affinity"`
	Affinity        []string          `yaml:"affinity"`
	AllowedServers  []string          `yaml:"allowed_servers"`
	DependsOn       []string          `yaml:"depends_on"`
	MaxMovesPerHour int               `yaml:"max_moves_per_hour"`
	MoveCost        int64             `yaml:"move_cost"`
	Driver          string            `yaml:"driver"`
	Labels          map[string]string `yaml:"labels"`
	Placement       []string          `yaml:"placement"`
	DemandMillis    float64           `yaml:"demand_ms"`
	ServiceCV       *float64          `yaml:"service_cv"`
	Removed         bool              `yaml:"removed"`
}

type slo struct {
	ResponseQuantile float64 `yaml:"response_quantile"`
	ResponseMillis   float64 `yaml:"response_ms"`
	Availability     float64 `yaml:"availability"`
	Headroom         float64 `yaml:"headroom"`
}
