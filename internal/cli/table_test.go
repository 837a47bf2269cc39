package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTablesFitAndWideOnesCutNothing(t *testing.T) {
	long := strings.Repeat("é", 200)
	for wide, want := range map[bool]int{false: 80, true: 213} {
		var out bytes.Buffer
		tab := NewTable(&out, wide, "A", "B", "C")
		tab.Add("x", "1234567", long)
		tab.Add(long, "y", "z")
		if !wide {
			tab.rows = tab.rows[:2]
		}
		if err := tab.Write(&out); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if n := utf8.RuneCountInString(line); !wide && n > want {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		if wide && !strings.Contains(out.String(), long) {
			t.Error("a wide table has cut something")
		}
	}
	if b := Bar(0.5, 10); b != "[#####.....]" {
		t.Error(b)
	}
	if Bar(7, 3) != "[###]" || Bar(-1, 3) != "[...]" {
		t.Error("a bar leaves its frame")
	}
}
