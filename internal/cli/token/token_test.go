package token

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drover/internal/web/access"
)

func TestANewTokenComesInByItsRule(t *testing.T) {
	var out, rule bytes.Buffer
	c := Command()
	c.SetOut(&out)
	c.SetErr(&rule)
	c.SetArgs([]string{"new", "alice", "--role", "approver"})
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(out.String())
	if strings.Contains(rule.String(), token) {
		t.Error("the rule gives the token away")
	}
	rules, err := access.ReadRules(append([]byte("tokens:\n"), rule.Bytes()...))
	if err != nil {
		t.Fatalf("%v in %s", err, rule.String())
	}
	gate, err := access.NewGate(rules, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	if who, err := gate.Identify(r); err != nil || who.Name != "alice" || who.Role != access.Approver {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestARoleThatIsNoneIsRefused(t *testing.T) {
	c := Command()
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetArgs([]string{"new", "alice", "--role", "king"})
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "want viewer") {
		t.Errorf("%v", err)
	}
}
