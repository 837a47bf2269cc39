package vm_test

import (
	"errors"
	"os"
	"testing"

	"drover/tests/leaveout"
	"drover/tests/vm"
)

func TestAGuestMovesThereAndBack(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	f, err := vm.Run(t.Context(), t.Logf)
	if errors.Is(err, vm.ErrMissing) {
		leaveout.Missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", f)
	if err := f.Holds(); err != nil {
		t.Error(err)
	}
}
