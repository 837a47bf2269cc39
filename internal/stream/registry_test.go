package stream

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr/srfake"

	"drover/internal/codec"
)

const (
	firstSchema  = `{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":0}]}`
	secondSchema = `{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":0},{"name":"b","type":"string","default":""}]}`
	// thirdSchema goes well with the second and not with the first.
	thirdSchema = `{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":0},{"name":"b","type":"bytes","default":""},{"name":"c","type":"int"}]}`
)

func TestFileRegistryKeepsThePolicy(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	open := func() *FileRegistry {
		t.Helper()
		r, err := OpenFileRegistry(dir, "p.")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := open()
	first, err := r.Register(ctx, "x", firstSchema)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Register(ctx, "x", secondSchema)
	if err != nil || second == first {
		t.Fatalf("id %d, %v", second, err)
	}
	if _, err := r.Register(ctx, "x", thirdSchema); err == nil || !strings.Contains(err.Error(), "c:") {
		t.Errorf("a field without a default: %v", err)
	}
	if _, err := r.Register(ctx, "x", strings.Replace(firstSchema, `"int"`, `"string"`, 1)); err == nil {
		t.Error("another type for a field was taken")
	}
	if again, err := r.Register(ctx, "x", " "+firstSchema); err != nil || again != first {
		t.Errorf("the same schema with other spaces: id %d, %v", again, err)
	}
	// A restart knows it all, and so does another process.
	r = open()
	if got := r.Subjects(); len(got) != 1 || got[0] != "p.x-value 2" {
		t.Errorf("subjects %v", got)
	}
	if text, err := r.Schema(ctx, second); err != nil || !strings.Contains(text, `"b"`) {
		t.Errorf("schema %q, %v", text, err)
	}
	late, err := open().Register(ctx, "y", firstSchema)
	if err != nil || late != first {
		t.Errorf("the same text in another subject: id %d, %v", late, err)
	}
	if _, err := r.Schema(ctx, 12345); !errors.Is(err, codec.ErrUnknownSchema) {
		t.Errorf("an unknown id: %v", err)
	}
}

func TestRemoteRegistry(t *testing.T) {
	server := srfake.New()
	t.Cleanup(server.Close)
	ctx := context.Background()
	r, err := OpenRemoteRegistry(server.URL(), "p.", RegistryLogin{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := r.Register(ctx, "x", firstSchema)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Register(ctx, "x", firstSchema); err != nil || again != id {
		t.Errorf("again: id %d, %v; want %d", again, err, id)
	}
	if text, err := r.Schema(ctx, id); err != nil || !strings.Contains(text, `"R"`) {
		t.Errorf("schema %q, %v", text, err)
	}
	if _, err := r.Schema(ctx, 4711); !errors.Is(err, codec.ErrUnknownSchema) {
		t.Errorf("an unknown id: %v", err)
	}
	server.Close()
	if _, err := r.Schema(ctx, id); err == nil || errors.Is(err, codec.ErrUnknownSchema) {
		t.Errorf("a dead registry: %v", err)
	}
}

func TestRemoteRegistryIsToldWhoAsks(t *testing.T) {
	asked := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		asked <- user + "/" + password
		http.Error(w, `{"error_code":40101,"message":"not you"}`, http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	r, err := OpenRemoteRegistry(server.URL, "p.", RegistryLogin{User: "me", Password: secret})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Register(context.Background(), "x", firstSchema)
	if err == nil || !strings.Contains(err.Error(), "not you") || strings.Contains(err.Error(), secret) {
		t.Errorf("error %v", err)
	}
	if got := <-asked; got != "me/"+secret {
		t.Errorf("it was asked by %q", got)
	}
}
