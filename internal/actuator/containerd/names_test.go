package containerd

import (
	"regexp"
	"strings"
	"testing"

	"drover/internal/actuator/process"
)

// taken is what containerd takes as an identifier.
var taken = regexp.MustCompile(`^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$`)

func TestEveryNameIsTaken(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"web/3@s1", "web_3@s1", "web-3@s1", "web.3/s1", "", "///", "ünder/0@s", strings.Repeat("x", 300), strings.Repeat("x", 301)} {
		id := identifier(name)
		if !taken.MatchString(id) || len(id) > 76 {
			t.Errorf("%q becomes %q", name, id)
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q are both %q", name, other, id)
		}
		seen[id] = name
	}
	if got := identifier("web/3@s1"); !strings.HasPrefix(got, "web-3-s1-") {
		t.Errorf("%q can't be read", got)
	}
}

func TestWhatAContainerIsMadeFromTells(t *testing.T) {
	base := process.Spec{Name: "web", Image: "web:1", Argv: []string{"serve"}, CPUMilli: 100}
	for name, change := range map[string]func(*process.Spec){
		"image": func(s *process.Spec) { s.Image = "web:2" }, "argv": func(s *process.Spec) { s.Argv = []string{"serve", "-v"} },
		"limit": func(s *process.Spec) { s.CPUMilli = 200 }, "network": func(s *process.Spec) { s.Namespace = "blue" },
	} {
		other := base
		change(&other)
		if digest(&base) == digest(&other) {
			t.Errorf("%s: no difference", name)
		}
	}
	if same := base; digest(&base) != digest(&same) {
		t.Error("the same differs")
	}
}

func FuzzIdentifier(f *testing.F) {
	f.Add("web/3@s1")
	f.Fuzz(func(t *testing.T, name string) {
		if id := identifier(name); !taken.MatchString(id) || len(id) > 76 {
			t.Errorf("%q becomes %q", name, id)
		}
	})
}
