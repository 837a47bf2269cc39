// Package agent lets a driver be asked from another host: an HTTP handler that
// takes signed requests over mutual TLS, for its own host and for the actions
// that it allows, writes every one into an audit log, and hands them to the
// driver (which stands behind a guard, so that stale ones are refused).
package agent

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/protocol"
	"drover/internal/model"
)

// maxRequest bounds a request's body, in bytes.
const maxRequest = 1 << 20

// Config says what an agent does and for whom.
type Config struct {
	// Host is this host's name; requests are signed for one host.
	Host string
	// Keys are the executors' public keys.
	Keys []ed25519.PublicKey
	// Allow lists the steps that may be performed here; Replicas, where not
	// empty, the replicas.
	Allow    []model.StepKind
	Replicas []model.ReplicaID
	// Skew is how old or early a signature may be; 0: one minute.
	Skew   time.Duration
	Driver actuator.Driver
	// Audit takes one JSON line a request.
	Audit io.Writer
	Now   func() time.Time
}

// Agent is the handler.
type Agent struct {
	config Config
	mu     sync.Mutex // of the audit log
}

// New returns an agent. It refuses a configuration that would let anybody in.
func New(config Config) (*Agent, error) {
	switch {
	case config.Host == "":
		return nil, errors.New("agent: the host has no name")
	case len(config.Keys) == 0:
		return nil, errors.New("agent: no executor's key, nobody could give a command")
	case config.Driver == nil || config.Audit == nil:
		return nil, errors.New("agent: a driver and an audit log are needed")
	}
	if config.Skew <= 0 {
		config.Skew = time.Minute
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Agent{config: config}, nil
}

// audit is one line of the audit log.
type audit struct {
	At     time.Time       `json:"at"`
	Peer   string          `json:"peer"` // the certificate's name, or the address
	Method protocol.Method `json:"method"`
	Key    string          `json:"key,omitempty"`
	Epoch  int64           `json:"epoch,omitempty"`
	Status int             `json:"status"`
	OK     bool            `json:"ok"`
	Error  string          `json:"error,omitempty"`
}

// ServeHTTP answers one request.
func (a *Agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	line := audit{At: a.config.Now().UTC(), Peer: peer(r), Status: http.StatusOK}
	response, err := a.answer(r, &line)
	if err == nil {
		line.OK, line.Error = response.OK, response.Error
	} else {
		line.Error = err.Error()
	}
	if wrong := a.write(&line); wrong != nil {
		// What can't be audited isn't answered as done.
		http.Error(w, "audit log: "+wrong.Error(), http.StatusInternalServerError)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), line.Status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(response) // an asker that has gone asks for the status
}

// answer checks a request and hands it on. An error is a refusal, with the HTTP
// status in the line.
func (a *Agent) answer(r *http.Request, line *audit) (protocol.Response, error) {
	refuse := func(status int, err error) (protocol.Response, error) {
		line.Status = status
		return protocol.Response{}, err
	}
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, errors.New("requests are POSTs"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequest))
	if err != nil {
		return refuse(http.StatusRequestEntityTooLarge, fmt.Errorf("request: %w", err))
	}
	if err := verify(r.Header, body, &a.config); err != nil {
		return refuse(http.StatusUnauthorized, err)
	}
	var request protocol.Request
	if err := json.Unmarshal(body, &request); err != nil {
		return refuse(http.StatusBadRequest, fmt.Errorf("request: %w", err))
	}
	line.Method = request.Method
	if c := request.Command; c != nil {
		line.Key, line.Epoch = c.Key, c.Epoch
		if err := a.allowed(c); err != nil {
			return refuse(http.StatusForbidden, err)
		}
	}
	// The command goes on when its asker dies: the next owner asks for its status.
	return protocol.Answer(context.WithoutCancel(r.Context()), a.config.Driver, &request), nil
}

// allowed checks a command against the lists.
func (a *Agent) allowed(c *protocol.Command) error {
	if !slices.Contains(a.config.Allow, c.Step) {
		return fmt.Errorf("step %q isn't allowed on host %q", c.Step, a.config.Host)
	}
	if len(a.config.Replicas) > 0 && !slices.Contains(a.config.Replicas, model.ReplicaID(c.Replica)) {
		return fmt.Errorf("replica %q isn't allowed on host %q", c.Replica, a.config.Host)
	}
	return nil
}

func (a *Agent) write(line *audit) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, err = a.config.Audit.Write(append(text, '\n'))
	return err
}

// peer names who asks.
func peer(r *http.Request) string {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return r.TLS.PeerCertificates[0].Subject.CommonName
	}
	return r.RemoteAddr
}
