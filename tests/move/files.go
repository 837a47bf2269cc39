package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"drover/internal/actuator"
	"drover/internal/actuator/files"
	"drover/internal/actuator/guard"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// keep is a service that appends what is posted to a file, one line a request,
// and gives the file back.
func keep(folder string) http.HandlerFunc {
	path := filepath.Join(folder, "written")
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodPost {
			if text, err := os.ReadFile(path); err == nil {
				_, _ = w.Write(text) // a client that has gone doesn't matter
			}
			return
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = fmt.Fprintln(file, r.URL.RawQuery)
			err = errors.Join(err, file.Close())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// FilesSite is a service that keeps files, behind a proxy, and a free place.
type FilesSite struct {
	*Site
	clients string
	places  map[model.ServerID]files.Place
}

// NewFilesSite starts the service on server a; server b is free.
func NewFilesSite(ctx context.Context) (*FilesSite, error) {
	site, err := NewSite()
	if err != nil {
		return nil, err
	}
	s := &FilesSite{Site: site, places: make(map[model.ServerID]files.Place)}
	self, err := os.Executable()
	if err != nil {
		return s, fmt.Errorf("own program: %w", err)
	}
	var servers []Server
	for i, server := range []model.ServerID{"a", "b"} {
		host := "127.0.0." + strconv.Itoa(8+i)
		port, err := FreePort(host)
		if err != nil {
			return s, err
		}
		address, folder := host+":"+port, filepath.Join(s.Folder, "files-"+string(server))
		s.places[server] = files.Place{
			Folder: folder, Health: "http://" + address + "/", Route: actuator.Route{Backend: "db", Server: string(server)},
			Spec: process.Spec{
				Name: "files@" + string(server), Argv: []string{self}, Dir: s.Folder,
				Env: []string{serveVariable + "=" + address, storeVariable + "=" + folder},
			},
		}
		servers = append(servers, Server{Name: string(server), Address: address, Open: i == 0})
		s.Own("files@" + string(server))
	}
	first := s.places["a"]
	if err := os.MkdirAll(first.Folder, 0o755); err != nil {
		return s, fmt.Errorf("site: %w", err)
	}
	if err := os.WriteFile(filepath.Join(first.Folder, ".drover"), nil, 0o600); err != nil {
		return s, fmt.Errorf("site: %w", err)
	}
	if _, err := s.Supervisor.Start(ctx, first.Spec); err != nil {
		return s, err
	}
	s.clients, err = s.StartProxy(ctx, "http", "db", servers)
	return s, err
}

// Driver returns the files driver behind a guard.
func (s *FilesSite) Driver(trace actuator.Tracer) actuator.Driver {
	return guard.New(files.New(files.Config{
		Locate: func(_ model.Move, server model.ServerID) (files.Place, error) {
			p, ok := s.places[server]
			if !ok {
				return p, fmt.Errorf("no server %q", server)
			}
			return p, nil
		},
		Traffic: s.Proxy, Supervisor: s.Supervisor, Trace: trace,
	}), guard.NewMemory(), 0)
}

// KillTarget ends the process on the move's target, as a crash would.
func (s *FilesSite) KillTarget(m model.Move) {
	_ = s.Supervisor.Kill("files@" + string(m.To)) // none there is a crash too
}

// Dial returns a client with a connection of its own.
func (s *FilesSite) Dial(context.Context) (Session, error) {
	return filesSession{&http.Client{Transport: &http.Transport{}, Timeout: clientTimeout}, "http://" + s.clients + "/"}, nil
}

// filesSession posts one line a write.
type filesSession struct {
	client *http.Client
	url    string
}

// Write posts one line.
func (s filesSession) Write(ctx context.Context, writer, number int) error {
	url := fmt.Sprintf("%s?%d-%d", s.url, writer, number)
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, url, nil)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("answer %s", response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// Close closes the client's connection.
func (s filesSession) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Lost reads everything back through the proxy and counts what isn't there.
func (s *FilesSite) Lost(ctx context.Context, acked [][]int) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.clients+"/", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("read back: %s: %w", response.Status, err)
	}
	there := make(map[string]bool)
	for line := range strings.SplitSeq(string(text), "\n") {
		there[line] = true
	}
	return Lost(acked, func(w, n int) bool { return there[fmt.Sprintf("%d-%d", w, n)] }), nil
}

// Serving returns the server that the proxy sends clients to.
func (s *FilesSite) Serving(ctx context.Context) (model.ServerID, error) {
	return serving(ctx, s.Proxy, "db", "a", "b")
}
