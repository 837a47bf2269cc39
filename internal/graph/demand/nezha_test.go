package demand

import (
	"cmp"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestNezhaServices fits ten real services: a day of minutes with injected
// faults, the pod's own count of operations per second and its millicores.
func TestNezhaServices(t *testing.T) {
	dir := filepath.Join(cmp.Or(os.Getenv("DROVER_DATA"), "../../../../shared/data"), "nezha", "metric")
	files, _ := filepath.Glob(filepath.Join(dir, "*_metric.csv"))
	if len(files) == 0 {
		t.Skip("left out: no Nezha data; set DROVER_DATA")
	}
	certain := 0
	for _, file := range files {
		samples := readNezha(t, file)
		d, err := Fit(samples)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		if d.ErrorMicros[0] < 0.2*d.Micros[0] {
			certain++
		}
		t.Logf("%-22s %6.0f +- %4.0f µs a call, base %5.1f m, scatter %5.1f m, %d minutes",
			strings.SplitN(filepath.Base(file), "-", 2)[0], d.Micros[0], d.ErrorMicros[0], d.BaseMilli, d.ScatterMilli, d.Samples)
	}
	if certain < 8 {
		t.Errorf("%d of %d services have a demand known within a fifth, want at least 8", certain, len(files))
	}
}

func readNezha(t *testing.T, file string) []Sample {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	cpu, ops := slices.Index(rows[0], "CpuUsage(m)"), slices.Index(rows[0], "PodWorkload(Ops)")
	var samples []Sample
	for _, r := range rows[1:] {
		used, err1 := strconv.ParseFloat(r[cpu], 64)
		rate, err2 := strconv.ParseFloat(r[ops], 64)
		if err1 == nil && err2 == nil {
			samples = append(samples, Sample{CallsPerSecond: []float64{rate}, CPUMilli: used})
		}
	}
	return samples
}
