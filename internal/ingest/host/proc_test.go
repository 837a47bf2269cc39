package host

import (
	"context"
	"testing"
	"testing/fstest"

	"drover/internal/model"
)

func proc() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"stat":    file("cpu  100 10 40 9000 70 5 15 3 1 0\ncpu0 1 1 1 1\n"),
		"meminfo": file("MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n"),
		"net/dev": file("Inter-|   Receive\n face |bytes\n    lo: 99 0 0 0 0 0 0 0 99 0\n  eth0: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n  eth1:5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\nveth12: 7 0 0 0 0 0 0 0 7 0\n"),
	}
}

func TestRead(t *testing.T) {
	m, err := Read(proc(), "h1", 5)
	if err != nil {
		t.Fatal(err)
	}
	want := []model.Sample{{Resource: model.CPU, Kind: model.Counter, Value: 1700}, {Resource: model.Memory, Value: 600 * 1024},
		{Resource: model.Receive, Kind: model.Counter, Value: 105}, {Resource: model.Transmit, Kind: model.Counter, Value: 206}}
	if m.Entity != "server:h1" || m.At != 5 || len(m.Samples) != len(want) {
		t.Fatalf("got %+v", m)
	}
	for i, s := range m.Samples {
		if s != want[i] {
			t.Errorf("got %+v, want %+v", s, want[i])
		}
	}
}

func TestReadFaults(t *testing.T) {
	for name, data := range map[string]string{"stat": "intr 1", "meminfo": "MemFree: 1 kB", "net/dev": " eth0: x 1 0 0 0 0 0 0 200 1\n"} {
		files := proc()
		files[name] = &fstest.MapFile{Data: []byte(data)}
		if _, err := Read(files, "h1", 5); err == nil {
			t.Errorf("%s: %q passed", name, data)
		}
		delete(files, name)
		if _, err := Read(files, "h1", 5); err == nil {
			t.Errorf("%s missing passed", name)
		}
	}
}

func TestTraceRefusesOptions(t *testing.T) {
	for _, target := range []string{"", "-f", "--version"} {
		if _, err := Trace(context.Background(), "h", target, 1); err == nil {
			t.Errorf("%q passed as a target", target)
		}
	}
}
