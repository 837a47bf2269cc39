package stage

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// say returns emissions to topics; "+" stands for what is said later.
func say(t *testing.T, text string) []Emission {
	t.Helper()
	var out []Emission
	for i, topic := range strings.Split(text, "") {
		switch topic {
		case "+":
			return append(out, Emission{More: func() ([]Emission, error) { return say(t, text[i+1:]), nil }})
		case "!":
			return append(out, Emission{More: func() ([]Emission, error) { return nil, errBroken }})
		}
		out = append(out, Emission{Topic: topic})
	}
	return out
}

var errBroken = errors.New("broken")

func TestEachTakesEveryPieceInOrder(t *testing.T) {
	for _, c := range []struct {
		said, want string
		err        error
	}{
		{"", "", nil},
		{"ab", "0ab", nil},
		{"ab+c+de", "0ab 2c 3de", nil},
		{"+a", "0 0a", nil},
		{"a+", "0a", nil},
		{"a++b", "0a 1 1b", nil},
		{"a+b!", "0a 1b", errBroken},
		{"a+x+b", "0a 1x", errStop},
	} {
		t.Run(c.said, func(t *testing.T) {
			got, err := published(say(t, c.said))
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("published %q, error %v; want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

var errStop = errors.New("x is not taken")

// published returns the pieces with their places.
func published(emissions []Emission) (string, error) {
	var got []string
	err := Each(emissions, func(first int, piece []Emission) error {
		text := fmt.Sprint(first)
		for _, e := range piece {
			text += e.Topic
		}
		got = append(got, text)
		if strings.HasSuffix(text, "x") {
			return errStop
		}
		return nil
	})
	return strings.Join(got, " "), err
}

func TestThenComesAfterAllPieces(t *testing.T) {
	for _, c := range []struct{ said, want string }{
		{"", "0 0z"}, {"ab", "0ab 2z"}, {"ab+c", "0ab 2c 3z"}, {"+a+b", "0 0a 1b 2z"},
	} {
		asked := 0
		got, err := published(Then(say(t, c.said), func() ([]Emission, error) {
			asked++
			return say(t, "z"), nil
		}))
		if err != nil || got != c.want || asked != 1 {
			t.Errorf("%q then z: %q (asked %d times, error %v), want %q", c.said, got, asked, err, c.want)
		}
	}
	if _, err := published(Then(say(t, "a!"), func() ([]Emission, error) { return nil, nil })); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want that of the pieces before", err)
	}
}
