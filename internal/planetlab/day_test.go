package planetlab

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// traceText is a trace file with the given percentages, the last repeated.
func traceText(percent ...int) []byte {
	var b bytes.Buffer
	for k := range SampleCount {
		fmt.Fprintln(&b, percent[min(k, len(percent)-1)])
	}
	return b.Bytes()
}

func testFolder() fstest.MapFS {
	return fstest.MapFS{
		"b_node slice": {Data: traceText(10)},
		"a_node":       {Data: traceText(20, 40)},
		"c_node":       {Data: traceText(0)},
		".hidden":      {Data: []byte("not a trace")},
		"sub/d_node":   {Data: traceText(99)},
	}
}

func TestReadDaySortsByName(t *testing.T) {
	d, err := ReadDay(testFolder(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(d.Names, "|"); got != "a_node|b_node slice|c_node" {
		t.Errorf("names %s", got)
	}
	if d.Use[0][0] != .2 || d.Use[0][1] != .4 || d.Use[1][5] != .1 {
		t.Errorf("samples %v %v %v", d.Use[0][0], d.Use[0][1], d.Use[1][5])
	}
	if got := d.SamplesAt(1); got[0] != .4 || got[1] != .1 || got[2] != 0 {
		t.Errorf("samples at 1: %v", got)
	}
}

func TestReadDayInAGivenOrder(t *testing.T) {
	order, err := ReadOrder(strings.NewReader("c_node\r\nb_node slice\n\na_node\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := ReadDay(testFolder(), order)
	if err != nil {
		t.Fatal(err)
	}
	if d.Use[0][0] != 0 || d.Use[1][0] != .1 || d.Use[2][0] != .2 {
		t.Errorf("first samples %v", d.SamplesAt(0))
	}
}

func TestBadDaysSayWhatIsWrong(t *testing.T) {
	with := func(name, text string) fs.FS {
		f := testFolder()
		f[name] = &fstest.MapFile{Data: []byte(text)}
		return f
	}
	long := strings.Repeat("1\n", SampleCount)
	for _, c := range []struct {
		name  string
		dir   fs.FS
		order []string
		want  string
	}{
		{"empty folder", fstest.MapFS{}, nil, "no trace files"},
		{"a word", with("a_node", "1\n2\nthree\n"), nil, `a_node: line 3: CPU percentage "three"`},
		{"above 100", with("a_node", "101\n"), nil, `line 1: CPU percentage "101"`},
		{"negative", with("a_node", "-1\n"), nil, `"-1"`},
		{"too short", with("a_node", "1\n2\n"), nil, "a_node: 2 samples, want 288"},
		{"too long", with("a_node", long+"7\n"), nil, "line 289: more than 288 samples"},
		{"unknown name", testFolder(), []string{"a_node", "nobody", "c_node"}, `name 2: no trace file "nobody"`},
		{"missing name", testFolder(), []string{"a_node", "c_node"}, `2 of 3 trace files; "b_node slice" is missing`},
	} {
		if _, err := ReadDay(c.dir, c.order); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestBadOrders(t *testing.T) {
	for text, want := range map[string]string{
		"":           "no names",
		"\n\n":       "no names",
		"a\nb\na\n":  `line 3: name "a" is on line 1 already`,
		"x y\nx y\n": `line 2: name "x y"`,
	} {
		if _, err := ReadOrder(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add(traceText(1, 2, 3))
	f.Add([]byte("100\n-1\n"))
	f.Add([]byte("\xff\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		use, err := ReadTrace(bytes.NewReader(data))
		if err != nil {
			return
		}
		if len(use) != SampleCount {
			t.Fatalf("%d samples without an error", len(use))
		}
		for _, x := range use {
			if !(x >= 0 && x <= 1) {
				t.Fatalf("utilisation %v", x)
			}
		}
	})
}

func FuzzReadOrder(f *testing.F) {
	f.Add([]byte("a\nb c\n"))
	f.Add([]byte("a\r\na\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		names, err := ReadOrder(bytes.NewReader(data))
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, n := range names {
			if n == "" || seen[n] {
				t.Fatalf("name %q is empty or repeated", n)
			}
			seen[n] = true
		}
	})
}
