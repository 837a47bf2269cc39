package forecast

import "time"

// judgedFrom is how often a lead must have been judged before it is believed.
const judgedFrom = 12

// LeastHistory returns how much unbroken history a series needs before its
// forecasts can be trusted: a season, and time to see its longest lead come true
// often enough.
func (c *Config) LeastHistory() time.Duration {
	l := newLayout(c)
	bins := int64(l.leads[l.blocks-1]) + judgedFrom*l.stride
	if l.day > 0 {
		bins = max(bins, l.day/l.bin+1)
	}
	return time.Duration(bins*l.bin) * time.Millisecond
}
