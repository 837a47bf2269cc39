package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// asProgram makes a run of this test the program that is tested.
const asProgram = "DROVER_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	var heedless bool
	c := &cobra.Command{Use: "program", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		fmt.Println("ready")
		<-c.Context().Done()
		fmt.Println("ending")
		if heedless {
			select {}
		}
		return fmt.Errorf("ended: %w", ErrSilent)
	}}
	c.Flags().BoolVar(&heedless, "heedless", false, "")
	c.AddCommand(
		&cobra.Command{Use: "done", RunE: func(*cobra.Command, []string) error { return nil }},
		&cobra.Command{Use: "bad", RunE: func(*cobra.Command, []string) error { return errors.New("s1.yaml: line 3") }},
	)
	Main(c)
}

// program starts this test as the program.
func program(t *testing.T, args ...string) (cmd *exec.Cmd, lines *bufio.Scanner, stderr *bytes.Buffer) {
	t.Helper()
	cmd, stderr = exec.Command(os.Args[0], args...), &bytes.Buffer{}
	cmd.Env, cmd.Stderr = append(os.Environ(), asProgram+"=1"), stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, bufio.NewScanner(out), stderr
}

func TestExitCodesOfAProgram(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"done"}, 0, ""},
		{[]string{"bad"}, 1, "program: s1.yaml: line 3\n"},
		{[]string{"--nonsense"}, 2, "program: unknown flag: --nonsense\n"},
		{[]string{"too", "many"}, 2, "program: unknown command \"too\" for \"program\"\n"},
	} {
		cmd, _, stderr := program(t, c.args...)
		_ = cmd.Wait() // its code is looked at
		if got := cmd.ProcessState.ExitCode(); got != c.code || stderr.String() != c.says {
			t.Errorf("%v: exit %d and %q, want %d and %q", c.args, got, stderr, c.code, c.says)
		}
	}
}

// TestTheFirstSignalEndsInOrder: the command goes on to its end, and its own
// message is not repeated.
func TestTheFirstSignalEndsInOrder(t *testing.T) {
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd, lines, stderr := program(t)
		expect(t, lines, "ready")
		_ = cmd.Process.Signal(s)
		expect(t, lines, "ending")
		_ = cmd.Wait() // its code is looked at
		if got := cmd.ProcessState.ExitCode(); got != 1 || stderr.Len() > 0 {
			t.Errorf("%v: exit %d and %q, want 1 and nothing", s, got, stderr)
		}
	}
}

// TestTheSecondSignalEndsAtOnce: also where the command does not heed the first.
func TestTheSecondSignalEndsAtOnce(t *testing.T) {
	cmd, lines, _ := program(t, "--heedless")
	expect(t, lines, "ready")
	_ = cmd.Process.Signal(syscall.SIGTERM)
	expect(t, lines, "ending")
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	patience := time.After(2 * time.Minute)
	for {
		// The program gives the signal back a moment after its command hears of it.
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
			if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
				t.Errorf("it ended with %v, want the signal", cmd.ProcessState)
			}
			return
		case <-time.After(50 * time.Millisecond):
		case <-patience:
			t.Fatal("it goes on after the second signal")
		}
	}
}

func expect(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	if !lines.Scan() || strings.TrimSpace(lines.Text()) != want {
		t.Fatalf("it said %q, want %q: %v", lines.Text(), want, lines.Err())
	}
}
