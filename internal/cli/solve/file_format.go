package solve

import "fmt"

// fileProblem is Drover's own problem file (YAML). Things refer to one another
// by name; amounts are whole numbers in units of the writer's choice.
type fileProblem struct {
	Name          string            `yaml:"name"`
	Periods       int               `yaml:"periods"`
	Resources     []fileResource    `yaml:"resources"`
	PowerResource string            `yaml:"power_resource"`
	Weights       fileWeights       `yaml:"weights"`
	MaxMoves      int               `yaml:"max_moves"`
	Balances      []fileBalance     `yaml:"balances"`
	Servers       []fileServer      `yaml:"servers"`
	Applications  []fileApplication `yaml:"applications"`
	Flows         []fileFlow        `yaml:"flows"`
	Distances     []fileDistance    `yaml:"distances"`
}

type fileResource struct {
	Name       string `yaml:"name"`
	Transient  bool   `yaml:"transient"`
	LoadWeight int64  `yaml:"load_weight"`
}

type fileWeights struct {
	Power     int64 `yaml:"power"`
	Money     int64 `yaml:"money"`
	Wake      int64 `yaml:"wake"`
	Traffic   int64 `yaml:"traffic"`
	ItemMove  int64 `yaml:"item_move"`
	GroupMove int64 `yaml:"group_move"`
	BinMove   int64 `yaml:"bin_move"`
}

type fileBalance struct {
	A      string `yaml:"a"`
	B      string `yaml:"b"`
	Target int64  `yaml:"target"`
	Weight int64  `yaml:"weight"`
}

type fileServer struct {
	Name string `yaml:"name"`
	Zone string `yaml:"zone"`
	// Location and Neighbourhood are the zone where they are left out.
	Location      string             `yaml:"location"`
	Neighbourhood string             `yaml:"neighbourhood"`
	Capacity      map[string]amounts `yaml:"capacity"`
	Safety        map[string]amounts `yaml:"safety"`
	// Power lists points [utilisation in parts per million, milliwatts].
	Power         [][2]int64 `yaml:"power"`
	Money         int64      `yaml:"money"`
	WakeCost      int64      `yaml:"wake_cost"`
	Asleep        bool       `yaml:"asleep"`
	Closed        bool       `yaml:"closed"`
	NoArrivals    bool       `yaml:"no_arrivals"`
	MaxArrivals   int        `yaml:"max_arrivals"`
	MaxDepartures int        `yaml:"max_departures"`
}

type fileApplication struct {
	Name string `yaml:"name"`
	// Replicas is how many there are; Start says where they run, in order, and
	// may be shorter (the rest is new).
	Replicas     int                `yaml:"replicas"`
	Start        []string           `yaml:"start"`
	Demand       map[string]amounts `yaml:"demand"`
	MoveCost     int64              `yaml:"move_cost"`
	MaxPerServer int                `yaml:"max_per_server"`
	MinZones     int                `yaml:"min_zones"`
	MaxMoves     int                `yaml:"max_moves"`
	DependsOn    []string           `yaml:"depends_on"`
	Affinity     []string           `yaml:"affinity"`
	AntiAffinity []string           `yaml:"anti_affinity"`
	Pinned       bool               `yaml:"pinned"`
	Allowed      []string           `yaml:"allowed"`
	Forbidden    []string           `yaml:"forbidden"`
}

type fileFlow struct {
	From string `yaml:"from"`
	To   string `yaml:"to"`
	Rate int64  `yaml:"rate"` // of one pair of replicas
}

type fileDistance struct {
	A        string `yaml:"a"`
	B        string `yaml:"b"`
	Distance int64  `yaml:"distance"`
}

// amounts is one amount for all periods or a list with one for each.
type amounts []int64

// UnmarshalYAML reads a number or a list of numbers.
func (a *amounts) UnmarshalYAML(decode func(any) error) error {
	var one int64
	if decode(&one) == nil {
		*a = amounts{one}
		return nil
	}
	var many []int64
	if err := decode(&many); err != nil {
		return fmt.Errorf("an amount is a whole number or a list with one for each period: %w", err)
	}
	*a = many
	return nil
}
