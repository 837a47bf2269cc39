package jsonscan_test

import (
	"errors"
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
)

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       []string
		rejected   int
	}{
		{"one a line", "{\"a\":1}\n{\"a\":2}\r\n", []string{`{"a":1}`, `{"a":2}`}, 0},
		{"byte order mark and blank lines", "\xef\xbb\xbf\n{\"a\":1}\n\n{\"a\":2}", []string{`{"a":1}`, `{"a":2}`}, 0},
		{"array", `[{"a":1}, {"a":[2,"]"]},]`, []string{`{"a":1}`, `{"a":[2,"]"]}`}, 0},
		{"array over lines", "[\n{\"a\":1},\n{\"a\":2}\n]\n", []string{`{"a":1}`, `{"a":2}`}, 0},
		{"two arrays", "[{\"a\":1}]\n[{\"a\":2}]", []string{`{"a":1}`, `{"a":2}`}, 0},
		{"document over lines", "{\"a\":[\n{\"b\":1},\n{\"b\":2}]}\n", []string{"{\"a\":[\n{\"b\":1},\n{\"b\":2}]}"}, 0},
		{"documents one after the other", "{\n\"a\":1\n}\n{\n\"a\":2\n}", []string{"{\n\"a\":1\n}", "{\n\"a\":2\n}"}, 0},
		{"commas behind lines", "{\"a\":1},\n{\"a\":2},\n", []string{`{"a":1}`, `{"a":2}`}, 0},
		{"two on a line", `{"a":1} {"a":2}`, []string{`{"a":1}`, `{"a":2}`}, 0},
		{"cut line first", "{\"a\":\n{\"a\":2}\n{\"a\":3}", []string{`{"a":2}`, `{"a":3}`}, 1},
		{"cut line last", "{\"a\":2}\n{\"a\":", []string{`{"a":2}`}, 1},
		{"cut array", `[{"a":1},{"a"`, []string{`{"a":1}`}, 1},
		{"text behind an array", `[{"a":1}] x`, []string{`{"a":1}`}, 1},
		{"escaped quote", `{"a":"\"}"}`, []string{`{"a":"\"}"}`}, 0},
		{"empty", " \n", nil, 1},
		{"empty array", "[]", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := format.NewOut(nil)
			var got []string
			jsonscan.Records([]byte(c.data), out, func(record []byte, _ int) { got = append(got, string(record)) })
			if strings.Join(got, "|") != strings.Join(c.want, "|") || out.Rejected != c.rejected {
				t.Errorf("got %q, rejected %d (%v); want %q, %d", got, out.Rejected, out.First, c.want, c.rejected)
			}
		})
	}
}

func TestRecordsGivesUpOnRubbish(t *testing.T) {
	out := format.NewOut(nil)
	n := 0
	jsonscan.Records([]byte("{}\n"+strings.Repeat("{\n", 200_000)), out, func([]byte, int) { n++; out.Read() })
	if out.Rejected >= 100_000 || !out.GaveUp() {
		t.Errorf("%d records refused: want to give up well before the end", out.Rejected)
	}
}

func TestObjectAndField(t *testing.T) {
	data := []byte(` {"a": 1, "b\"c": [1,{}], "a": 2 ,}`)
	var keys []string
	if err := jsonscan.Object(data, func(key string, value []byte) error {
		keys = append(keys, key+"="+string(value))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(keys, " "); got != `a=1 b\"c=[1,{}] a=2` {
		t.Errorf("got %s", got)
	}
	if v, err := jsonscan.Field(data, "a"); err != nil || string(v) != "1" {
		t.Errorf("Field = %q, %v; want the first", v, err)
	}
	if v, err := jsonscan.Field(data, "z"); err != nil || v != nil {
		t.Errorf("Field = %q, %v; want none", v, err)
	}
	for _, bad := range []string{"", "[]", `{a:1}`, `{"a" 1}`, `{"a":`, `{"a":1`, `{"a":}`} {
		if err := jsonscan.Object([]byte(bad), func(string, []byte) error { return nil }); err == nil {
			t.Errorf("Object(%q) found no fault", bad)
		}
	}
	stop := errors.New("stop")
	if err := jsonscan.Array([]byte(`[1,2]`), func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Array: %v, want the error of yield", err)
	}
}

func TestUnmarshalDropsCommas(t *testing.T) {
	var v struct{ A []int }
	if err := jsonscan.Unmarshal([]byte(`{"a":[1,2, ],}`), &v); err != nil || len(v.A) != 2 {
		t.Errorf("%v, %v", v, err)
	}
	if err := jsonscan.Unmarshal([]byte(`{"a":[,1]}`), &v); err == nil {
		t.Error("a comma before the first element passed")
	}
}
