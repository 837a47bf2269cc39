package scenario

import (
	"fmt"
	"strings"
	"time"

	"drover/internal/model"
)

// cause is why a replica should leave its server.
type cause struct {
	text string
	// by is when it has to have left; zero: as soon as it can.
	by model.Instant
	// urgency orders moves: what must hold before what saves money.
	urgency int64
	// promise tells that a promise that must hold is the cause.
	promise bool
}

// causeOf finds the reason why a replica leaves its server for the placement
// after, the gravest first.
func (st *state) causeOf(after *state, r int) cause {
	f, s := st.f, st.place[r]
	app := f.applications[f.replicas[r].app].ID
	if c := f.closing[s]; c.reason != "" {
		return cause{text: c.reason, by: c.by, urgency: 4, promise: true}
	}
	if a := f.replicas[r].app; after.standing(a) < st.standing(a) {
		return cause{text: fmt.Sprintf("SLO %s of %s: %s", st.standingKind(f.replicas[r].app), app, st.standingText(f.replicas[r].app)), urgency: 3, promise: true}
	}
	for _, required := range []bool{true, false} {
		for w := range st.worlds {
			if st.worlds[w].Required != required {
				continue
			}
			for t := range f.periods() {
				if text := st.breachText(s, w, t); text != "" {
					c := cause{text: text, promise: required, urgency: 1}
					if required {
						c.urgency = 2
					}
					if t > 0 {
						c.by, _ = f.period(t)
					}
					return c
				}
			}
		}
	}
	return cause{}
}

// breachText says which promise breaks on a server in a period of a future;
// empty: none.
func (st *state) breachText(s, w, t int) string {
	if n, _ := st.serverBreach(s, w, t); n == 0 {
		return ""
	}
	f, world := st.f, &st.worlds[w]
	at := s*f.periods() + t
	from, _ := f.period(t)
	server := &f.servers[s]
	if world.gone != nil && world.gone[at] {
		return fmt.Sprintf("%s is not there at %v in %q", server.ID, from, world.Name)
	}
	load := st.load[w][at]
	for _, res := range model.Resources() {
		if c := server.Capacity[res]; c > 0 && load[res] > c {
			return fmt.Sprintf("SLO capacity: %s would be at %s of its %v at %v in %q", server.ID, percent(utilisationPPM(load[res], c)), res, from, world.Name)
		}
	}
	u := utilisationPPM(load[model.CPU], server.Capacity[model.CPU])
	for _, r := range st.on[s] {
		a := f.replicas[r].app
		if limit := f.limitPPM(a, s); u > limit {
			of := string(f.applications[f.capFor[a]].ID)
			if f.capFor[a] != a {
				of += fmt.Sprintf(" (through %s)", f.applications[a].ID)
			}
			return fmt.Sprintf("SLO %s of %s: %s would be at %s of its cpu at %v in %q, it allows %s",
				f.capKind[a], of, server.ID, percent(u), from, world.Name, percent(limit))
		}
	}
	return ""
}

// standingKind names the promise that standingText is about.
func (st *state) standingKind(a int) model.SLOKind {
	if st.countZones(a) >= st.wantZones(a) && st.clashes(a) == 0 && st.strays(a) == 0 {
		return model.SLOAvailability
	}
	return model.SLOSpread
}

// standingText says what is wrong with where an application stands.
func (st *state) standingText(a int) string {
	switch {
	case st.countZones(a) < st.wantZones(a):
		return fmt.Sprintf("it stands in %d of %d zones", st.countZones(a), st.wantZones(a))
	case st.clashes(a) > 0:
		return "it shares a server against its anti-affinity"
	case st.unavailable(a):
		got, _ := st.availabilityPPM(a)
		return fmt.Sprintf("its placement is up %.4f %% of the time, promised are %.4f %%", float64(got)/1e4, float64(st.f.applications[a].SLO.AvailabilityPPM)/1e4)
	}
	return "it stands on a server that its policy does not allow"
}

// reason writes why a move is made and what it saves: after is the placement
// with all moves of the plan.
func (st *state) reason(after *state, r int) string {
	f := st.f
	c := st.causeOf(after, r)
	to, with := after.place[r], after.total
	after.move(r, f.start[r])
	saved := after.total.minus(with)
	source := after.f.servers[f.start[r]].ID
	after.move(r, to)
	text := c.text
	if text == "" {
		if len(after.on[f.start[r]]) == 0 {
			text = fmt.Sprintf("cost: empties %s", source)
		} else {
			text = fmt.Sprintf("cost: better placed on %s than on %s", f.servers[to].ID, source)
		}
		if saved.broken > 0 {
			text = fmt.Sprintf("makes room on %s for what moves there", source)
		}
	}
	text += "; " + savedText(saved)
	if at := f.movedRecently(f.replicas[r].app); at != 0 {
		text += fmt.Sprintf("; %s moved at %v already and moves again for that reason", f.applications[f.replicas[r].app].ID, at)
	}
	return text
}

// savedText says what a move saves.
func savedText(saved score) string {
	switch {
	case saved.broken > 0:
		return fmt.Sprintf("saves %d broken promises", saved.broken)
	case saved.excess > 0:
		return fmt.Sprintf("saves %s of overload", percent(saved.excess))
	}
	return "saves " + money(saved.micros())
}

// percent writes parts per million as per cent.
func percent(ppm int64) string { return fmt.Sprintf("%.1f %%", float64(ppm)/1e4) }

// money writes micros in the fleet's currency.
func money(micros int64) string { return fmt.Sprintf("%.4f", float64(micros)/1e6) }

// counted writes how many of a thing there are.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// span writes a time without the units that are zero at its end.
func span(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func guardRailNote(left, of int) string {
	return fmt.Sprintf("%d of %d moves left for later by the guard rails", left, of)
}

func benefitNote(benefit, least int64) string {
	return fmt.Sprintf("the best placement found saves %s after its moves, the least benefit is %s", money(benefit), money(least))
}
