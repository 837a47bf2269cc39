package saga

import "drover/internal/model"

// link names the way between two servers, whichever the direction.
type link struct{ a, b model.ServerID }

func linkOf(m *model.Move) link {
	if m.From < m.To {
		return link{m.From, m.To}
	}
	return link{m.To, m.From}
}

// load counts the admitted moves that limits are about.
type load struct {
	total       int
	server      map[model.ServerID]int
	link        map[link]int
	application map[model.ApplicationID]int
}

func newLoad() load {
	return load{
		server:      make(map[model.ServerID]int),
		link:        make(map[link]int),
		application: make(map[model.ApplicationID]int),
	}
}

// add changes the counts of everything the move touches by one, up or down.
// Counts that reach zero are dropped, so that the maps stay as small as the load.
func (l *load) add(m *model.Move, by int) {
	l.total += by
	bump(l.server, m.From, by)
	bump(l.server, m.To, by)
	bump(l.link, linkOf(m), by)
	bump(l.application, m.Application, by)
}

func bump[K comparable](counts map[K]int, key K, by int) {
	if counts[key] += by; counts[key] == 0 {
		delete(counts, key)
	}
}

// fits tells whether the limits leave room for one more leg of the move.
func (f *Fleet) fits(p *planRun, m *moveRun) bool {
	s, limits := p.spec(m), &f.config.Limits
	under := func(n, limit int) bool { return limit <= 0 || n < limit }
	return under(f.load.total, f.fleetLimit()) &&
		under(f.load.server[s.From], f.serverLimit(s.From)) &&
		under(f.load.server[s.To], f.serverLimit(s.To)) &&
		under(f.load.link[linkOf(s)], limits.PerLink) &&
		under(f.load.application[s.Application], limits.PerApplication)
}

// ordered holds what orders have set in place of the configuration; the zero
// value sets nothing.
type ordered struct {
	moves          int
	bytesPerSecond int64
	windows        []string
	within         []Window // windows, parsed
}

// limit carries out an order about limits: zero leaves one as it is, a negative
// number gives it back to the configuration. Windows that can't be read are not
// taken: whoever gives the order checks them first (ParseWindows).
func (f *Fleet) limit(c *model.Control) {
	if c.Moves != 0 {
		f.ordered.moves = max(c.Moves, 0)
	}
	if c.BytesPerSecond != 0 {
		f.ordered.bytesPerSecond = max(c.BytesPerSecond, 0)
	}
	if within, err := ParseWindows(c.Windows); err == nil && len(c.Windows) > 0 {
		f.ordered.windows, f.ordered.within = c.Windows, within
	}
}

// fleetLimit returns how many moves may be under way in the fleet; 0: no limit.
func (f *Fleet) fleetLimit() int {
	if f.ordered.moves > 0 {
		return f.ordered.moves
	}
	return f.config.Limits.PerFleet
}

// Bandwidth returns how fast one move may copy, in bytes a second; 0: no bound.
func (f *Fleet) Bandwidth(m *model.Move) int64 {
	limit := f.config.Limits.BytesPerSecond
	if f.ordered.bytesPerSecond > 0 {
		limit = f.ordered.bytesPerSecond
	}
	if b := m.BandwidthBytesPerSecond; b > 0 && (limit <= 0 || b < limit) {
		limit = b
	}
	return limit
}

// take counts a move in; release counts it out again.
func (f *Fleet) take(p *planRun, m *moveRun) {
	if s := p.spec(m); s != nil && !m.admitted {
		m.admitted = true
		f.load.add(s, 1)
	}
}

func (f *Fleet) release(p *planRun, m *moveRun) {
	if s := p.spec(m); s != nil && m.admitted {
		m.admitted = false
		f.load.add(s, -1)
		f.wide = true
	}
}

// serverCap is a server's limit while it is lowered.
type serverCap struct {
	server model.ServerID
	limit  int
}

// serverLimit returns how many moves may touch the server now; 0: no limit.
func (f *Fleet) serverLimit(id model.ServerID) int {
	for i := range f.caps {
		if f.caps[i].server == id {
			return f.caps[i].limit
		}
	}
	return f.config.Limits.PerServer
}

// unlimitedPerServer is where the lowering starts from when no limit is set.
const unlimitedPerServer = 16

// Pressure says what a server shows at an instant: hurt means that its latency,
// errors or saturation are beyond what its applications allow. The limit of
// moves on the server is halved each time it is hurt, down to one, and grows by
// one each time it isn't, up to the configured one (additive increase,
// multiplicative decrease: Chiu and Jain 1989).
func (f *Fleet) Pressure(server model.ServerID, hurt bool, now model.Instant) []Effect {
	f.begin(now)
	base := f.config.Limits.PerServer
	if base <= 0 {
		base = unlimitedPerServer
	}
	place := -1
	for i := range f.caps {
		if f.caps[i].server == server {
			place = i
		}
	}
	switch {
	case hurt && place < 0:
		f.caps = append(f.caps, serverCap{server, max(base/2, 1)})
	case hurt:
		f.caps[place].limit = max(f.caps[place].limit/2, 1)
	case place >= 0 && f.caps[place].limit+1 >= base:
		f.caps = append(f.caps[:place], f.caps[place+1:]...)
	case place >= 0:
		f.caps[place].limit++
	}
	f.run()
	return f.effects()
}
