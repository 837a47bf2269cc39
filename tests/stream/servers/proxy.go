package servers

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy passes TCP connections on to one address, until it is told to cut them
// or to let nothing through.
type Proxy struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	pass  *sync.Cond // state has changed
	state proxyState
	open  map[net.Conn]bool
}

type proxyState uint8

const (
	passing proxyState = iota
	cut                // new connections are refused
	silent             // connections stay, and nothing comes through
	closed
)

// NewProxy listens on an address and passes on to another. It ends with the
// test.
func NewProxy(t testing.TB, listen, to string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, to: to, open: map[net.Conn]bool{}}
	p.pass = sync.NewCond(&p.mu)
	t.Cleanup(func() {
		_ = listener.Close()
		p.set(closed)
	})
	go p.accept()
	return p
}

// Address is where the proxy listens.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Cut ends all connections and refuses new ones until Restore.
func (p *Proxy) Cut() { p.set(cut) }

// Silence lets connections stand and passes nothing on until Restore.
func (p *Proxy) Silence() { p.set(silent) }

// Restore passes everything on again.
func (p *Proxy) Restore() { p.set(passing) }

func (p *Proxy) set(state proxyState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state
	if state == cut || state == closed {
		for c := range p.open {
			_ = c.Close() // that is the point
		}
		clear(p.open)
	}
	p.pass.Broadcast()
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		go p.serve(c)
	}
}

func (p *Proxy) serve(from net.Conn) {
	defer from.Close()
	if !p.keep(from) {
		return
	}
	to, err := net.Dial("tcp", p.to)
	if err != nil {
		p.drop(from)
		return
	}
	defer to.Close()
	if !p.keep(to) {
		return
	}
	defer p.drop(from, to)
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			p.copy(pair[1], pair[0])
			_ = pair[1].Close() // ends the other direction too
			done <- struct{}{}
		}()
	}
	<-done
	_, _ = from.Close(), to.Close()
	<-done
}

func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == cut || p.state == closed {
		return false
	}
	p.open[c] = true
	return true
}

func (p *Proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.open, c)
	}
}

// copy passes bytes on, and holds them while nothing is to come through.
func (p *Proxy) copy(to io.Writer, from io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		for p.state == silent {
			p.pass.Wait()
		}
		p.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// StartBehind is Start with a proxy before every broker and before Redis:
// clients that go by Brokers and Redis come through them.
func StartBehind(t testing.TB, brokers int, properties ...string) (s *Servers, kafka []*Proxy, redis *Proxy) {
	t.Helper()
	s = prepare(t, brokers, properties...)
	s.env = append(s.env, fmt.Sprintf("DROVER_KAFKA_PROXIED=%d", proxyShift))
	for i, address := range s.Brokers {
		own := fmt.Sprintf("127.0.0.1:%d", s.port+proxyShift+i)
		kafka = append(kafka, NewProxy(t, own, address))
		s.Brokers[i] = own
	}
	redis = NewProxy(t, fmt.Sprintf("127.0.0.1:%d", s.port+redisShift+1), s.Redis)
	s.Redis = redis.Address()
	s.begin(t)
	return s, kafka, redis
}
