package codec

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"drover/internal/model"
	"drover/schemas"
)

// samplesOf are one value of each event type, to be filled at random.
func eventTypes() []any {
	return []any{model.Metric{}, model.Heartbeat{}, model.Marker{}, model.CalendarEvent{}, model.Path{}, model.Call{},
		model.Server{}, model.Application{}, model.Maintenance{}, model.Control{}, model.Edge{}, model.Link{},
		model.Forecast{}, model.Evaluation{}, model.Plan{}, model.Step{}, model.Outcome{}, model.Report{}, model.Beat{}, model.Audit{}, model.DeadLetter{}}
}

// fill sets every field of v, however deep, so that one which the codec forgets
// makes the round trip fail.
func fill(v reflect.Value, rng *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), rng)
		}
	case reflect.Slice:
		n := 1 + rng.IntN(3)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), rng)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), rng)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + rng.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, rng)
			fill(value, rng)
			v.SetMapIndex(key, value)
		}
	default:
		fillScalar(v, rng)
	}
}

func fillScalar(v reflect.Value, rng *rand.Rand) {
	switch v.Type() {
	case reflect.TypeFor[model.Resource]():
		v.SetUint(uint64(rng.IntN(int(model.ResourceCount))))
		return
	case reflect.TypeFor[model.SampleKind]():
		v.SetUint(uint64(rng.IntN(2)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%c-%d", "aé世|"[0], rng.IntN(1_000_000)))
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(rng.Uint64()) >> rng.IntN(64))
	case reflect.Int32:
		v.SetInt(int64(int32(rng.Uint32())))
	case reflect.Uint8:
		v.SetUint(uint64(rng.IntN(256)))
	case reflect.Uint64:
		v.SetUint(rng.Uint64() >> rng.IntN(64))
	case reflect.Float64:
		v.SetFloat(math.Float64frombits(rng.Uint64()))
		if math.IsNaN(v.Float()) { // DeepEqual would not find it equal to itself
			v.SetFloat(math.Inf(-1))
		}
	default:
		panic("an event holds a " + v.Kind().String() + ", which the test can't fill")
	}
}

// random returns a filled event of kind's type and the fleet to send it under.
func random(kind int, rng *rand.Rand) (any, model.FleetID) {
	v := reflect.New(reflect.TypeOf(eventTypes()[kind])).Elem()
	fill(v, rng)
	fleet := model.FleetID("fleet-7")
	if f := v.FieldByName("Fleet"); f.IsValid() {
		fleet = model.FleetID(f.String())
	}
	return v.Interface(), fleet
}

// memory is a registry for tests: ids count up from 1.
type memory struct {
	mu      sync.Mutex
	schemas []string
}

func (m *memory) Register(_ context.Context, _, schema string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.schemas = append(m.schemas, schema)
	return len(m.schemas), nil
}

func (m *memory) Schema(_ context.Context, id int) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id < 1 || id > len(m.schemas) {
		return "", fmt.Errorf("id %d: %w", id, ErrUnknownSchema)
	}
	return m.schemas[id-1], nil
}

func newCodec(t testing.TB) (*Codec, *memory) {
	t.Helper()
	registry := &memory{}
	c, err := New(context.Background(), registry)
	if err != nil {
		t.Fatal(err)
	}
	return c, registry
}

// carriers returns, by kind, the topics that carry it.
func carriers(t testing.TB, c *Codec) map[int][]string {
	t.Helper()
	out := map[int][]string{}
	for _, name := range schemas.Topics() {
		for _, kind := range c.topics[name].kinds {
			out[kind] = append(out[kind], name)
		}
	}
	return out
}
