package scenario

import (
	"fmt"

	"drover/internal/model"
)

// shortfall says what no placement found can keep: which promise, which
// constraint stands in the way, and what would fix it.
func (f *fleet) shortfall(st *state, answer model.Answer) []string {
	if st.total.broken == 0 {
		return nil
	}
	stay := "1 promise stays"
	if n := st.total.broken; n != 1 {
		stay = fmt.Sprintf("%d promises stay", n)
	}
	out := []string{fmt.Sprintf("least violation: %s broken, the gravest: %s", stay, st.gravest())}
	for _, v := range answer.Violations {
		if v.Text != "" {
			out = append(out, "constraint: "+v.Text)
			break
		}
	}
	if fix := st.remedy(); fix != "" {
		out = append(out, "what would fix it: "+fix)
	}
	return out
}

// gravest names the first broken promise that must hold.
func (st *state) gravest() string {
	f := st.f
	for s := range f.servers {
		if f.closed(s) && len(st.on[s]) > 0 {
			return fmt.Sprintf("%s, %d replicas are still there", f.closing[s].reason, len(st.on[s]))
		}
	}
	best, text := int64(-1), ""
	for w := range st.worlds {
		if !st.worlds[w].Required {
			continue
		}
		for s := range f.servers {
			for t := range f.periods() {
				if _, excess := st.serverBreach(s, w, t); excess > best {
					if line := st.breachText(s, w, t); line != "" {
						best, text = excess, line
					}
				}
			}
		}
	}
	if text != "" {
		return text
	}
	for a, app := range f.applications {
		if st.standing(a) > 0 {
			return fmt.Sprintf("SLO %s of %s: %s", st.standingKind(a), app.ID, st.standingText(a))
		}
		for w := range st.worlds {
			if st.worlds[w].Required && st.outages(a, w) > 0 {
				return fmt.Sprintf("SLO availability of %s: no replica is left in %q", app.ID, st.worlds[w].Name)
			}
		}
	}
	return "none that can be named"
}

// remedy works out what is missing: zones, servers to stand on, replicas, a larger
// server, or servers of the kind that the fleet has most of, enough for the load
// that does not fit.
func (st *state) remedy() string {
	f := st.f
	for a := range f.applications {
		if fix := st.standingRemedy(a); fix != "" {
			return fix
		}
		for w := range st.worlds {
			if st.worlds[w].Required && st.outages(a, w) > 0 {
				return fmt.Sprintf("one more replica of %s, on a server that %q does not take", f.applications[a].ID, st.worlds[w].Name)
			}
		}
	}
	if fix := st.tooLarge(); fix != "" {
		return fix
	}
	missing := st.missing()
	kind, capacity := f.commonKind()
	if missing == (model.Vector{}) || capacity == (model.Vector{}) {
		return ""
	}
	servers, tightest := int64(1), model.CPU
	for _, res := range model.Resources() {
		if capacity[res] <= 0 {
			continue
		}
		// A new server is filled to its safety share, not to the brim.
		usable := max(1, capacity[res]*8/10)
		if n := (missing[res] + usable - 1) / usable; n > servers || n == servers && missing[res] > 0 && missing[tightest] == 0 {
			servers, tightest = n, res
		}
	}
	plural := "server"
	if servers > 1 {
		plural = "servers"
	}
	return fmt.Sprintf("%d more %s like %s (%s of %v each); missing %s of %v",
		servers, plural, kind, quantity(capacity[tightest], tightest), tightest, quantity(missing[tightest], tightest), tightest)
}

// missing is the load, in the worst period of a future that must be met, that
// stands above what servers allow, or on servers that must be empty.
func (st *state) missing() model.Vector {
	f := st.f
	var worst model.Vector
	for w := range st.worlds {
		if !st.worlds[w].Required {
			continue
		}
		for t := range f.periods() {
			var sum model.Vector
			for s := range f.servers {
				if len(st.on[s]) == 0 {
					continue
				}
				load, allowed := st.load[w][s*f.periods()+t], st.allowed(s)
				for res := range load {
					if allowed[res] >= 0 && load[res] > allowed[res] {
						sum[res] += load[res] - allowed[res]
					}
				}
			}
			worst = most(worst, sum)
		}
	}
	return worst
}

// allowed is the load that a server may have; -1 where there is no limit.
func (st *state) allowed(s int) model.Vector {
	f := st.f
	capacity := f.servers[s].Capacity
	if f.closed(s) {
		return model.Vector{}
	}
	for _, r := range st.on[s] {
		if limit := f.capPPM[f.replicas[r].app]; limit < 1_000_000 {
			capacity[model.CPU] = min(capacity[model.CPU], int64(float64(f.servers[s].Capacity[model.CPU])*float64(limit)/1e6))
		}
	}
	for res := range capacity {
		if f.servers[s].Capacity[res] <= 0 {
			capacity[res] = -1
		}
	}
	return capacity
}

// commonKind names a server of the capacity that most servers have.
func (f *fleet) commonKind() (model.ServerID, model.Vector) {
	count := map[model.Vector]int{}
	best := -1
	for s := range f.servers {
		count[f.servers[s].Capacity]++
	}
	for s := range f.servers {
		if best < 0 || count[f.servers[s].Capacity] > count[f.servers[best].Capacity] {
			best = s
		}
	}
	if best < 0 {
		return "", model.Vector{}
	}
	return f.servers[best].ID, f.servers[best].Capacity
}
