package graph

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"drover/internal/model"
)

// view reads edges "caller>callee rate [p50]", separated by commas.
func view(text string) *View { return NewView("f", readEdges(text)) }

func readEdges(text string) []model.Edge {
	var edges []model.Edge
	for part := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		e := model.Edge{Fleet: "f", Origins: model.Observed, Confidence: 1}
		ends, rest, _ := strings.Cut(strings.TrimSpace(part), " ")
		caller, callee, _ := strings.Cut(ends, ">")
		e.Caller, e.Callee = model.ApplicationID(caller), model.ApplicationID(callee)
		_, _ = fmt.Sscan(rest, &e.CallsPerSecond, &e.P50Micros)
		edges = append(edges, e)
	}
	return edges
}

// shop is a small shop: 100 requests a second enter at web.
const shop = `web>cart 60 2000, web>catalogue 100 1000, web>checkout 5 50000,
	checkout>cart 5 2000, checkout>pay 5 30000, cart>db 65 500, catalogue>db 20 800, pay>bank 5 20000`

func names[T any](list []T, name func(T) string) string {
	var out []string
	for _, item := range list {
		out = append(out, name(item))
	}
	return strings.Join(out, " ")
}

func TestNeighbours(t *testing.T) {
	v := view(shop)
	if got := names(v.Callees("web"), func(e model.Edge) string { return string(e.Callee) }); got != "cart catalogue checkout" {
		t.Errorf("callees of web: %s", got)
	}
	if got := names(v.Callers("db"), func(e model.Edge) string { return string(e.Caller) }); got != "cart catalogue" {
		t.Errorf("callers of db: %s", got)
	}
	if v.Callees("nobody") != nil || v.Callers("nobody") != nil || v.Requests("nobody") != 0 {
		t.Error("an unknown application has neighbours")
	}
	if e, ok := v.Edge("cart", "db"); !ok || e.CallsPerSecond != 65 {
		t.Errorf("cart>db: %+v %v", e, ok)
	}
	if _, ok := v.Edge("db", "cart"); ok {
		t.Error("edges have a direction")
	}
	if v.Requests("web") != 100 || v.Requests("cart") != 65 {
		t.Errorf("requests: web %g, cart %g", v.Requests("web"), v.Requests("cart"))
	}
	if len(v.Applications()) != 7 || v.Fleet() != "f" {
		t.Errorf("applications %v of %s", v.Applications(), v.Fleet())
	}
}

func TestNewViewTakesTheLastOfItsFleet(t *testing.T) {
	edges := readEdges("a>b 1, a>c 1, a>b 2, a>d 1, a>c 3")
	edges[4].Gone = true
	edges[3].Fleet = "other"
	v := NewView("f", edges)
	if len(v.Edges()) != 1 || v.Edges()[0].CallsPerSecond != 2 {
		t.Errorf("%+v", v.Edges())
	}
}

func TestApplyIsTheSameAsBuildingAnew(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	at := noon
	g := New(Config{})
	v := NewView("fleet0", nil)
	for range 30 {
		for _, c := range randomCalls(r, 20, at) {
			g.Observe(c)
		}
		before := slices.Clone(v.Edges())
		next := v.Apply(g.Changed(at))
		if !reflect.DeepEqual(before, slices.Clone(v.Edges())) {
			t.Fatal("an old version changed")
		}
		v = next
		at = at.Add(8 * 24 * 3600 * 1e9 / 40)
		var ends []string
		for _, e := range g.Edges(at) {
			if e.Fleet == "fleet0" {
				ends = append(ends, string(e.Caller+">"+e.Callee))
			}
		}
		// What the graph would age out at this later time is still in the view.
		var have []string
		for _, e := range v.Edges() {
			have = append(have, string(e.Caller+">"+e.Callee))
		}
		for _, e := range ends {
			if !slices.Contains(have, e) {
				t.Fatalf("%s is missing", e)
			}
		}
	}
	if fresh := NewView("fleet0", slices.Clone(v.Edges())); !reflect.DeepEqual(fresh, v) {
		t.Error("an applied view differs from one built anew")
	}
}

func TestCompleteAddsDeclarations(t *testing.T) {
	v := view("a>b 1").Complete([]model.Application{
		{Fleet: "f", ID: "a", DependsOn: []model.ApplicationID{"b", "c"}, At: noon},
		{Fleet: "f", ID: "gone", DependsOn: []model.ApplicationID{"b"}, Removed: true},
		{Fleet: "other", ID: "x", DependsOn: []model.ApplicationID{"b"}}})
	ab, _ := v.Edge("a", "b")
	ac, _ := v.Edge("a", "c")
	if len(v.Edges()) != 2 || ab.Origins != model.Observed|model.Declared || ab.CallsPerSecond != 1 ||
		ac.Origins != model.Declared || ac.Confidence != declaredConfidence {
		t.Errorf("%+v", v.Edges())
	}
}

func TestBlastRadius(t *testing.T) {
	v := view(shop)
	format := func(i Impact) string { return fmt.Sprintf("%s:%.3f:%d", i.Application, i.Share, i.Distance) }
	for _, c := range []struct {
		name string
		lost map[model.ApplicationID]float64
		want string
	}{
		// catalogue: 20 of its 100 requests read the database; web: 60 % at the cart,
		// 20 % at the catalogue, 5 % at the checkout: 1 - 0.4*0.8*0.95.
		{"the database", map[model.ApplicationID]float64{"db": 1}, "db:1.000:0 cart:1.000:1 checkout:1.000:2 web:0.696:2 catalogue:0.200:1"},
		{"half of the database", map[model.ApplicationID]float64{"db": 0.5}, "checkout:0.500:2 cart:0.500:1 db:0.500:0 web:0.386:2 catalogue:0.100:1"},
		{"the bank", map[model.ApplicationID]float64{"bank": 1}, "bank:1.000:0 pay:1.000:1 checkout:1.000:2 web:0.050:3"},
		{"nothing", nil, ""},
		{"an application that nobody knows", map[model.ApplicationID]float64{"job": 2}, "job:1.000:0"},
	} {
		got := names(v.BlastRadius(c.lost), format)
		want := strings.Fields(c.want)
		slices.Sort(want)
		have := strings.Fields(got)
		slices.Sort(have)
		if !slices.Equal(have, want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestBlastRadiusOfCyclesEnds(t *testing.T) {
	v := view("a>b 10, b>c 10, c>a 5, c>c 3")
	for _, i := range v.BlastRadius(map[model.ApplicationID]float64{"c": 0.5}) {
		if i.Share < 0.5 || i.Share > 1 {
			t.Errorf("%+v", i)
		}
	}
}

func TestDeclaredDependenciesAreTakenAsNeeded(t *testing.T) {
	v := NewView("f", nil).Complete([]model.Application{{Fleet: "f", ID: "a", DependsOn: []model.ApplicationID{"b"}}})
	if got := v.BlastRadius(map[model.ApplicationID]float64{"b": 1}); len(got) != 2 || got[1].Share != 1 {
		t.Errorf("%+v", got)
	}
}

func TestLostByServer(t *testing.T) {
	p := model.Placement{"web/0": "s1", "web/1": "s2", "db/0": "s1", "cart/0": "s3", "odd": "s1"}
	got := Lost(p, "s1")
	if want := (map[model.ApplicationID]float64{"web": 0.5, "db": 1}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if both := Lost(p, "s1", "s2"); both["web"] != 1 {
		t.Errorf("two servers: %v", both)
	}
}

func TestComponents(t *testing.T) {
	v := view("entry>a 1, a>b 1, b>c 1, c>a 1, c>leaf 1, leaf>leaf 1, x>y 1, y>x 1")
	got := fmt.Sprint(v.Components())
	for _, want := range []string{"[a b c]", "[entry]", "[leaf]", "[x y]"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if strings.Index(got, "entry") > strings.Index(got, "[a b c]") || strings.Index(got, "[a b c]") > strings.Index(got, "leaf") {
		t.Errorf("callers do not come before callees: %s", got)
	}
}

// TestComponentsProperty compares with the definition on random graphs.
func TestComponentsProperty(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		var edges []model.Edge
		for range 15 {
			edges = append(edges, model.Edge{Fleet: "f", Caller: model.ApplicationID('a' + rune(r.IntN(9))), Callee: model.ApplicationID('a' + rune(r.IntN(9)))})
		}
		v := NewView("f", edges)
		place := map[model.ApplicationID]int{}
		for i, c := range v.Components() {
			for _, app := range c {
				place[app] = i
			}
		}
		for _, a := range v.Applications() {
			for _, b := range v.Applications() {
				if together := v.reaches(a, b) && v.reaches(b, a); together != (place[a] == place[b]) {
					t.Fatalf("%s and %s: components %v", a, b, v.Components())
				}
				if v.reaches(a, b) && place[a] > place[b] {
					t.Fatalf("%s calls %s and comes later", a, b)
				}
			}
		}
	}
}

// reaches tells whether a reaches b by calls; every application reaches itself.
func (v *View) reaches(a, b model.ApplicationID) bool {
	seen, queue := map[model.ApplicationID]bool{a: true}, []model.ApplicationID{a}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, e := range v.Callees(queue[0]) {
			if !seen[e.Callee] {
				seen[e.Callee] = true
				queue = append(queue, e.Callee)
			}
		}
	}
	return seen[b]
}

func TestCriticalPaths(t *testing.T) {
	paths := view(shop).CriticalPaths(10)
	format := func(p Path) string {
		return fmt.Sprintf("%s %.2f/s %.3f %.0f", fmt.Sprint(p.Applications), p.CallsPerSecond, p.Share, p.WaitMicros)
	}
	if got, want := format(paths[0]), "[web checkout pay bank] 5.00/s 0.050 1000"; got != want {
		t.Errorf("first path %s, want %s", got, want)
	}
	want := []string{"[web cart db] 60.00/s 0.600 300", "[web catalogue db] 20.00/s 0.200 160", "[web checkout cart db] 5.00/s 0.050 25"}
	for i, w := range want {
		if got := format(paths[i+1]); got != w {
			t.Errorf("path %d: %s, want %s", i+1, got, w)
		}
	}
	if len(paths) != 4 {
		t.Errorf("%d paths, want 4", len(paths))
	}
}

func TestCriticalPathsOfCirclesAndSelfCalls(t *testing.T) {
	paths := view("a>b 9 10, b>a 10 10, b>b 5 10, b>c 10 10").CriticalPaths(5)
	if len(paths) != 1 || fmt.Sprint(paths[0].Applications) != "[a b c]" {
		t.Errorf("%+v", paths)
	}
	if got := view("").CriticalPaths(5); len(got) != 0 {
		t.Errorf("paths of an empty graph: %+v", got)
	}
}

func TestDiff(t *testing.T) {
	before, after := readEdges("a>b 10, a>c 10, a>d 10, a>e 10, a>f 10"), readEdges("a>b 10, a>c 16, a>d 10, a>e 10, a>g 1")
	before[2].P95Micros, after[2].P95Micros = 100, 60
	before[3].ErrorsPerSecond, after[3].ErrorsPerSecond = 0, 0.2
	got := names(Diff(NewView("f", before), NewView("f", after), 1.5), func(c Change) string {
		return fmt.Sprintf("%s:%s%s", c.Kind, c.Before.Callee, c.After.Callee)
	})
	if want := "rate:cc latency:dd errors:ee vanished:f appeared:g"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if same := Diff(NewView("f", before), NewView("f", before), 1.5); len(same) != 0 {
		t.Errorf("of itself: %+v", same)
	}
}
