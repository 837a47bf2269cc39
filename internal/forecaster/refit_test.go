package forecaster

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"drover/internal/forecast"
	"drover/internal/model"
	"drover/internal/stream"
)

// weeklyLoad makes records every five minutes of several series with a day's and a
// week's season; the last one is noise that nothing forecasts.
func weeklyLoad(days, count int) []any {
	rng := rand.New(rand.NewPCG(9, 9))
	var out []any
	start := model.Instant(1_700_006_400_000)
	for i := range days * 288 {
		at := start.Add(time.Duration(i+1) * 5 * time.Minute)
		for k := range count {
			hour := float64(i) / 12
			v := 100 + 40*math.Sin(2*math.Pi*(hour+float64(k))/24) + 15*math.Cos(2*math.Pi*hour/168) + 3*rng.NormFloat64()
			if k == count-1 {
				v = 100 * rng.ExpFloat64()
			}
			out = append(out, metric(model.EntityID(fmt.Sprintf("app:a%d", k)), at, model.Gauge, max(0, v)))
		}
		out = append(out, model.Heartbeat{Producer: "p", At: at})
	}
	return out
}

func TestFittedModelsGuideTheSeries(t *testing.T) {
	task, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
	handle(t, task, l, weeklyLoad(11, 4)...)
	if c := task.Counts(); c.Refits < 3 || c.Refitted != 4*c.Refits {
		t.Errorf("%d fits of %d series in four days of guided life: want one a day of all four", c.Refits, c.Refitted)
	}
	for _, key := range task.loads.keys() {
		s := task.loads.at(key)
		x := s.model.Explain(s.closed.Add(3*time.Hour), nil)
		last := x.Models[len(x.Models)-1]
		if last.Name != forecast.FittedModels || !(last.Weight > 0 && last.Weight < 1) {
			t.Errorf("%s: the fitted models have weight %v among %+v", key.entity, last.Weight, x.Models)
		}
		sum := 0.0
		for _, m := range x.Models {
			sum += m.Weight
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: weights add up to %v", key.entity, sum)
		}
	}
	if len(task.loads.warm["f"]) == 0 {
		t.Error("the network is not kept for the next fit")
	}
}

func TestRefitsAreTheSameAfterARestart(t *testing.T) {
	events := weeklyLoad(10, 3)
	for _, cut := range []int{len(events) * 75 / 100, len(events) * 85 / 100} {
		whole, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
		handle(t, whole, l, events[:cut]...)
		snapshot, err := whole.AppendSnapshot(nil)
		if err != nil {
			t.Fatal(err)
		}
		restored, at := NewTask(testConfig(), 0), *l
		if err := restored.Restore(snapshot); err != nil {
			t.Fatal(err)
		}
		want, got := handle(t, whole, l, events[cut:]...), handle(t, restored, &at, events[cut:]...)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("cut at %d of %d: emissions differ after a restart", cut, len(events))
		}
		a, _ := whole.AppendSnapshot(nil)
		b, _ := restored.AppendSnapshot(nil)
		if !bytes.Equal(a, b) {
			t.Errorf("cut at %d of %d: states differ after a restart", cut, len(events))
		}
		if whole.Counts().Refits < 2 {
			t.Errorf("%d fits: the test shows nothing", whole.Counts().Refits)
		}
	}
}

func TestTheMostWrongSeriesComeFirst(t *testing.T) {
	config := testConfig()
	config.Refit.Every = 0
	task, l := NewTask(config, 0), &log{topic: stream.Metrics}
	handle(t, task, l, weeklyLoad(9, 5)...)
	now := task.loads.at(task.loads.keys()[0]).closed
	due := task.loads.due(now)
	if len(due) != 5 {
		t.Fatalf("%d series are due, want all 5", len(due))
	}
	for i := 1; i < len(due); i++ {
		if due[i].wrong > due[i-1].wrong {
			t.Errorf("place %d is more wrong than place %d: %v", i, i-1, due)
		}
	}
	if cut := task.loads.affordable(due); len(cut) != 5 {
		t.Errorf("the default budget pays for %d of 5 series", len(cut))
	}
	config.Refit.Operations = 1
	if cut := task.loads.affordable(due); len(cut) != 1 || cut[0].key != due[0].key {
		t.Errorf("the least budget pays for %d series, want the most wrong one", len(cut))
	}
	task.loads.at(due[0].key).model.SetGuide(forecast.Guide{Start: now, Blocks: []float32{1}})
	if again := task.loads.due(now.Add(5 * time.Minute)); len(again) != 4 {
		t.Errorf("%d series are due after one was guided, want 4", len(again))
	}
}

func TestRefitConfigurationIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Refit){
		"every":      func(r *Refit) { r.Every = time.Minute },
		"age":        func(r *Refit) { r.Age = time.Minute },
		"operations": func(r *Refit) { r.Operations = 0 },
		"least":      func(r *Refit) { r.Least = 10_000 },
	} {
		c := testConfig()
		change(&c.Refit)
		if c.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c := testConfig()
	c.Refit = Refit{}
	if err := c.Validate(); err != nil {
		t.Errorf("never fitting is refused: %v", err)
	}
}
