package stream

import (
	"reflect"
	"testing"
)

func TestRightsThatAreMissingAreNamed(t *testing.T) {
	rights := []Right{
		{Service: "planner", Resource: "topic", Name: "drover.plans", Operations: []string{"Write", "Describe"}},
		{Service: "planner", Resource: "transactional-id", Name: "drover.planner-", Prefixed: true, Operations: []string{"Write"}},
		{Service: "operator", Resource: "topic", Name: "drover.audit", Operations: []string{"AlterConfigs"}},
		{Service: "executor", Resource: "group", Name: "drover.executor", Operations: []string{"Read", "Describe"}},
	}
	granted := map[string]bool{
		grantKey("User:planner", "TOPIC", "drover.plans", false, "DESCRIBE"):           true,
		grantKey("User:planner", "TRANSACTIONAL_ID", "drover.planner-", true, "WRITE"): true,
		grantKey("User:operator", "TOPIC", "drover.audit", false, "ALTER_CONFIGS"):     true,
		grantKey("User:executor", "GROUP", "drover.executor", false, "ALL"):            true,
		grantKey("User:somebody", "TOPIC", "drover.plans", false, "WRITE"):             true,
		grantKey("User:planner", "TOPIC", "drover.plans", true, "WRITE"):               true, // of a prefix: another right
	}
	want := []Right{{Service: "planner", Resource: "topic", Name: "drover.plans", Operations: []string{"Write"}}}
	if got := missing(rights, granted); !reflect.DeepEqual(got, want) {
		t.Errorf("missing %v, want %v", got, want)
	}
	if rights[0].Operations[1] != "Describe" {
		t.Error("the table itself was changed")
	}
}
