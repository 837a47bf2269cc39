package saga

import "drover/internal/model"

// forward holds the steps of a leg in their order.
var forward = [...]model.StepKind{
	model.StepAdmit, model.StepProvision, model.StepReplicate, model.StepCatchUp,
	model.StepCutOver, model.StepWatch, model.StepRetire,
}

// undo holds, by place in forward, what takes the step back; empty where nothing
// has to be taken back. Retire has none: after it the way back is a second leg.
var undo = [len(forward)]model.StepKind{
	model.StepReleaseAdmission, model.StepDeprovision, model.StepDiscardReplica, model.StepStopCatchUp,
	model.StepReverseCutOver, "", "",
}

// Places in forward that the rules name.
const (
	notReached = -1
	atCutOver  = 4
	atWatch    = 5
	atRetire   = 6
)

// isUndo tells whether the kind takes another one back.
func isUndo(kind model.StepKind) bool {
	for _, k := range undo {
		if k == kind && k != "" {
			return true
		}
	}
	return false
}

// undoFrom returns the place of the first compensation to run at or below the
// place reached, or notReached where none is left.
func undoFrom(reached int) int {
	for i := reached; i >= 0; i-- {
		if undo[i] != "" {
			return i
		}
	}
	return notReached
}
