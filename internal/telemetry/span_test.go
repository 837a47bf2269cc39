package telemetry

import (
	"strings"
	"testing"
)

func TestParseContext(t *testing.T) {
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for text, want := range map[string]struct{ ok, sampled bool }{
		good:                                {true, true},
		strings.TrimSuffix(good, "1") + "0": {true, false},
		"cc" + good[2:] + "-what-follows":   {true, true},
		"cc" + good[2:] + "x":               {},
		"ff" + good[2:]:                     {},
		good + "-more":                      {},
		good[:54]:                           {},
		"":                                  {},
		"00-00000000000000000000000000000000-b7ad6b7169203331-01": {},
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01": {},
		"00-0af7651916cd43dd8448eb211c80319x-b7ad6b7169203331-01": {},
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333x-01": {},
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x": {},
		"0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01": {},
		"00-0af7651916cd43dd8448eb211c80319c+b7ad6b7169203331-01": {},
	} {
		c, ok := ParseContext(text)
		if ok != want.ok || c.Sampled != want.sampled {
			t.Errorf("%q: %+v, %v", text, c, ok)
		}
		if again, same := ParseContext(c.String()); ok && (!same || again != c) {
			t.Errorf("%q became %q", text, c)
		}
	}
}

func FuzzParseContext(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Add("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-x")
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := ParseContext(text)
		if !ok {
			if c != (Context{}) {
				t.Errorf("%q was refused and left %+v", text, c)
			}
			return
		}
		if again, ok := ParseContext(c.String()); !ok || again != c {
			t.Errorf("%q: %+v became %+v", text, c, again)
		}
	})
}
