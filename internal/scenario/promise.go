package scenario

import (
	"fmt"

	"drover/internal/model"
)

// responsePromise tells whether an application promises a response time.
func (f *fleet) responsePromise(a int) bool {
	slo := f.applications[a].SLO
	return slo.ResponseMicros > 0 && slo.ResponseQuantilePPM > 0 && slo.ResponseQuantilePPM < 1_000_000 && len(f.members[a]) > 0
}

// responseMargins lists the margins of response times in a future, but for those
// that are surely wider than some ppm. An application without any answer
// (overload, nobody left) is not Valid and counts as broken; one whose service
// time is unknown is left out.
func (st *state) responseMargins(w int, widerPPM int64) []model.Margin {
	var out []model.Margin
	for _, j := range st.judge(w, widerPPM) {
		slo := st.f.applications[j.app].SLO
		m := model.Margin{Application: st.f.applications[j.app].ID, Kind: model.SLOResponse, Limit: slo.ResponseMicros}
		if j.overloaded {
			m.MarginPPM = -1_000_000
		} else {
			m.Valid, m.Value = true, j.micros
			m.MarginPPM = int64(float64(slo.ResponseMicros-j.micros) / float64(slo.ResponseMicros) * 1e6)
		}
		out = append(out, m)
	}
	return out
}

// judged is the predicted response of one application in one future.
type judged struct {
	app        int
	micros     int64
	overloaded bool
}

// broken tells whether the promise is not kept.
func (j judged) broken(f *fleet) bool {
	return j.overloaded || j.micros > f.applications[j.app].SLO.ResponseMicros
}

// judge predicts the response of every application that promises one, but for
// those whose margin is surely wider than some ppm.
func (st *state) judge(w int, widerPPM int64) []judged {
	if st.f.responses == nil || st.brief {
		return nil
	}
	return st.judgeIn(st.situation(w), st.worlds[w].Slow, widerPPM)
}

func (st *state) judgeIn(in *situation, slow []SlowLink, widerPPM int64) []judged {
	f := st.f
	q := f.responses
	memo := make([]answer, len(f.applications))
	quick := newBound(q, in, slow)
	var out []judged
	for a := range f.applications {
		if !f.responsePromise(a) || quick.wider(a, widerPPM) || q.unknown[a] {
			continue
		}
		m := q.of(a, in, memo)
		j := judged{app: a, overloaded: !m.ok}
		if m.ok {
			j.micros = int64(m.law.Quantile(float64(f.applications[a].SLO.ResponseQuantilePPM)/1e6)*1e6 + 0.5)
		}
		out = append(out, j)
	}
	return out
}

// situation takes every server at its busiest period of a future.
func (st *state) situation(w int) *situation {
	f, world := st.f, &st.worlds[w]
	in := &situation{place: st.place, utilisation: make([]float64, len(f.servers))}
	gone := make([]bool, len(f.servers))
	for s := range f.servers {
		for t := range f.periods() {
			at := s*f.periods() + t
			if world.gone != nil && world.gone[at] {
				gone[s] = true
				continue
			}
			in.utilisation[s] = max(in.utilisation[s], float64(utilisationPPM(st.load[w][at][model.CPU], f.servers[s].Capacity[model.CPU]))/1e6)
		}
	}
	in.alive = func(r int) bool { return !gone[st.place[r]] }
	in.slow = func(from, to int) float64 { return f.slowness(world.Slow, from, to) }
	return in
}

// slowness is the factor of a future on the round trip between two servers.
func (f *fleet) slowness(slow []SlowLink, from, to int) float64 {
	factor := 1.0
	for _, l := range slow {
		if l.between(&f.servers[from], &f.servers[to]) || l.between(&f.servers[to], &f.servers[from]) {
			factor *= float64(l.FactorPPM) / 1e6
		}
	}
	return factor
}

func (l SlowLink) between(a, b *model.Server) bool {
	return (l.From == "" || l.From == a.ID) && (l.To == "" || l.To == b.ID) &&
		(l.FromZone == "" || l.FromZone == a.Zone) && (l.ToZone == "" || l.ToZone == b.Zone)
}

// brokenResponses lists the applications that miss their response time in a
// future that must be met. Futures that differ only in load are judged together,
// each server at its busiest in any of them.
func (st *state) brokenResponses() []int {
	var loads *situation
	var all []*situation
	var slow [][]SlowLink
	for w := range st.worlds {
		world := &st.worlds[w]
		if !world.Required {
			continue
		}
		in := st.situation(w)
		switch {
		case world.gone != nil || len(world.Slow) > 0:
			all, slow = append(all, in), append(slow, world.Slow)
		case loads == nil:
			loads = in
			all, slow = append(all, in), append(slow, nil)
		default:
			for s, u := range in.utilisation {
				loads.utilisation[s] = max(loads.utilisation[s], u)
			}
		}
	}
	var out []int
	for i, in := range all {
		for _, j := range st.judgeIn(in, slow[i], 0) {
			if j.broken(st.f) {
				out = append(out, j.app)
			}
		}
	}
	return sortedUnique(out)
}

// guard makes a response time count in the score from now on: the servers of
// the application, and of those it calls, may be as busy as it allows. It tells
// whether that is news.
func (f *fleet) guard(apps []int) bool {
	news := false
	for _, a := range apps {
		if f.guarded[a] {
			continue
		}
		f.guarded[a] = true
		limit, ok := f.responses.allowedUtilisation(a)
		if !ok {
			f.notes = append(f.notes, fmt.Sprintf("SLO response of %s can't be kept by placement: its service and network times alone take longer", f.applications[a].ID))
			continue
		}
		news = true
		seen := map[int]bool{}
		var visit func(int)
		visit = func(b int) {
			if seen[b] {
				return
			}
			seen[b] = true
			if limit < f.capPPM[b] {
				f.capPPM[b], f.capKind[b], f.capFor[b] = limit, model.SLOResponse, a
			}
			for _, c := range f.responses.perCall[b] {
				visit(c.callee)
			}
		}
		visit(a)
	}
	return news
}
