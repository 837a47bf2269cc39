// Command record runs this version of Drover on a small fleet for some minutes of
// event time and keeps what it leaves behind, for the versions after it:
//
//	go run ./tests/upgrade/record tests/upgrade/testdata/v1.2.3
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/upgrade/kept"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: record DIR")
		os.Exit(2)
	}
	if err := record(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// paths are the questions whose answers are kept.
var paths = []string{"/api/v1/fleets/shop/plans", "/api/v1/fleets/shop/servers", "/api/v1/fleets/shop/applications"}

func record(ctx context.Context, out string) error {
	work, err := os.MkdirTemp("", "drover-record-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	disk, program := filepath.Join(work, "disk"), filepath.Join(work, "drover")
	if said, err := exec.CommandContext(ctx, "go", "build", "-o", program, "drover/cmd/drover").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, said)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	broker, err := stream.StartEmbedded(filepath.Join(disk, "broker"))
	if err != nil {
		return err
	}
	redis, err := store.StartEmbedded()
	if err != nil {
		return err
	}
	defer redis.Close()
	stores := []string{"--brokers", broker.Brokers()[0], "--redis", redis.Address()}
	answers, err := live(
		ctx,
		program,
		append([]string{"up", "--fleet", filepath.Join(filepath.Dir(out), kept.Fleet), "--listen", "127.0.0.1:0",
			"--data", disk}, stores...),
	)
	if err != nil {
		return err
	}
	explained, err := exec.CommandContext(
		ctx,
		program,
		append([]string{"forecast", "explain", "app:db", "-o", "json", "--redis"}, redis.Address())...).Output()
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	answers.Explain = explained
	version, err := exec.CommandContext(ctx, "git", "describe", "--tags", "--always").Output()
	if err != nil {
		return fmt.Errorf("git describe: %w", err)
	}
	answers.Version = strings.TrimSpace(string(version))
	s, err := kept.Open(redis.Address())
	if err != nil {
		return err
	}
	defer s.Close()
	if err := kept.Save(ctx, s, filepath.Join(out, kept.State)); err != nil {
		return err
	}
	broker.Close()
	text, err := json.MarshalIndent(answers, "", " ")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(out, kept.Said), append(text, '\n'), 0o644),
		kept.Pack(disk, filepath.Join(out, kept.Disk)))
}

// end is how drover up tells of a plan's end.
var end = regexp.MustCompile(`plan +p-\w+ (succeeded|rolled back)`)

// live runs drover up until one plan has been rolled back and one has succeeded,
// asks it, and ends it.
func live(ctx context.Context, program string, args []string) (*kept.Answers, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	page, ended, answers := "", map[string]bool{}, &kept.Answers{API: map[string]json.RawMessage{}}
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		fmt.Fprintln(os.Stderr, lines.Text())
		if _, at, ok := strings.Cut(lines.Text(), "page at "); ok {
			page = strings.TrimSuffix(at, "/")
		}
		if at, rest, _ := strings.Cut(lines.Text(), "  "); strings.HasPrefix(rest, "decide ") {
			answers.Decided = at
		}
		if m := end.FindStringSubmatch(lines.Text()); m != nil {
			ended[m[1]] = true
		}
		if len(ended) > 1 && len(answers.API) == 0 {
			time.Sleep(time.Second) // the page follows what is printed
			for _, p := range paths {
				if answers.API[p], err = ask(page + p); err != nil {
					return nil, err
				}
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				return nil, err
			}
		}
	}
	return answers, cmd.Wait()
}

func ask(url string) (json.RawMessage, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, answer.Status, text)
	}
	return text, err
}
