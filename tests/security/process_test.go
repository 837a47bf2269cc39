package security

import (
	"os"
	"os/exec"
	"testing"

	"github.com/spf13/cobra"

	"drover/internal/cli/configuration"
	"drover/internal/cli/doctor"
	"drover/internal/cli/service"
	"drover/internal/cli/topics"
	"drover/internal/pipeline"
	"drover/tests/child"
)

// programVariable tells this test's binary which of Drover's programs to be.
const programVariable = "DROVER_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch name := os.Getenv(programVariable); name {
	case "":
		os.Exit(m.Run())
	case "ingest":
		service.Main(service.IngestCommand())
	case pipeline.Forecaster, pipeline.Planner, pipeline.Executor:
		service.Main(service.Command(name, "", ""))
	case "drover":
		c := &cobra.Command{Use: "drover"}
		c.AddCommand(topics.Command(), configuration.Command(), doctor.Command())
		service.Main(c)
	}
}

// command prepares a program; its environment is the given one and nothing else.
func command(t *testing.T, name string, environ []string, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append([]string{programVariable + "=" + name, "HOME=" + t.TempDir()}, environ...)
	return cmd
}

// run runs a program to its end.
func run(t *testing.T, name string, environ []string, args ...string) (string, error) {
	t.Helper()
	said, err := command(t, name, environ, args...).CombinedOutput()
	return string(said), err
}

// start starts a service, which the test ends.
func start(t *testing.T, name string, environ []string, args ...string) *child.Process {
	t.Helper()
	return child.Start(t, name, func() *exec.Cmd { return command(t, name, environ, args...) })
}
