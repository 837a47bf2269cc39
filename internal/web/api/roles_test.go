package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"drover/internal/model"
	"drover/internal/web/access"
)

// tokensFor returns rules with a token for each role, and one that may see no
// fleet of ours.
func tokensFor(t *testing.T) (*access.Rules, map[string]string) {
	t.Helper()
	rules, tokens := &access.Rules{}, map[string]string{}
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Approver, access.Admin} {
		token, hash := access.NewToken()
		tokens[role.String()] = token
		rules.Tokens = append(rules.Tokens, access.Token{Name: role.String(), TokenSHA256: hash, Role: role})
	}
	token, hash := access.NewToken()
	tokens["elsewhere"] = token
	rules.Tokens = append(rules.Tokens, access.Token{Name: "elsewhere", TokenSHA256: hash, Role: access.Admin, Fleets: []model.FleetID{"other"}})
	return rules, tokens
}

// TestNoRouteIsReachedWithoutItsRole scans the whole table: without proof, with
// every lesser role, and for a fleet one may not see, each route refuses and
// publishes nothing; with its role it answers.
func TestNoRouteIsReachedWithoutItsRole(t *testing.T) {
	rules, tokens := tokensFor(t)
	roles := []access.Role{access.Viewer, access.Operator, access.Approver, access.Admin}
	scanned := 0
	for _, r := range Routes() {
		if r.Role == access.Public {
			if r.Name != "openapi" {
				t.Errorf("%s is public: only the description may be", r.Name)
			}
			continue
		}
		scanned++
		s, sent := servedBy(t, rules)
		body := ""
		if r.Name == "update" { // the others need none
			body = withBody[r.Name]
		}
		refuse := func(who string, want int, headers ...string) {
			t.Helper()
			if got := s.do(r.Method, fill(&r), body, headers...); got.Code != want {
				t.Errorf("%s as %s: status %d, want %d: %s", r.Name, who, got.Code, want, got.Body)
			}
		}
		refuse("nobody", http.StatusUnauthorized)
		refuse("a stranger", http.StatusUnauthorized, "Authorization", "Bearer nonsense")
		refuse("basic", http.StatusUnauthorized, "Authorization", "Basic "+tokens["admin"])
		for _, role := range roles {
			if role < r.Role {
				refuse(role.String(), http.StatusForbidden, "Authorization", "Bearer "+tokens[role.String()])
			}
		}
		if strings.Contains(r.Path, "{fleet}") {
			refuse("one of another fleet", http.StatusNotFound, "Authorization", "Bearer "+tokens["elsewhere"])
		}
		if len(sent.list) > 0 {
			t.Errorf("%s: %d events were published for people who may not", r.Name, len(sent.list))
		}
		if r.Class == Stream {
			continue // it would not end; events_test.go reads it
		}
		if got := s.do(r.Method, fill(&r), withBody[r.Name], "Authorization", "Bearer "+tokens[r.Role.String()]); got.Code != max(r.Status, http.StatusOK) {
			t.Errorf("%s as %s: status %d: %s", r.Name, r.Role, got.Code, got.Body)
		}
	}
	if scanned < 35 {
		t.Errorf("only %d routes scanned", scanned)
	}
}

func TestFleetsOfOthersAreNotListed(t *testing.T) {
	rules, tokens := tokensFor(t)
	s, _ := servedBy(t, rules)
	var page Page[Fleet]
	for who, want := range map[string]int{"viewer": 1, "elsewhere": 0} {
		answer := s.do("GET", base+"/fleets", "", "Authorization", "Bearer "+tokens[who])
		if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || len(page.Items) != want {
			t.Errorf("%s sees %d fleets, want %d (%v)", who, len(page.Items), want, err)
		}
	}
}

func TestMethodsAndPathsThatAreNotThereAreRefused(t *testing.T) {
	s, _ := served(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"DELETE", base + "/fleets/shop", 404}, {"PUT", base + "/fleets/shop/plans/p-waits/approve", 404}, {"GET", base + "/fleets/shop/plans/p-waits/approve", 404},
		{"GET", base + "/nothing", 404}, {"GET", base + "/fleets/none", 404}, {"GET", base + "/fleets/shop/servers/none", 404},
		{"GET", base + "/fleets/shop/servers?limit=0", 400}, {"GET", base + "/fleets/shop/servers?limit=x", 400}, {"GET", base + "/fleets/shop/servers?at=noon", 400},
		{"GET", base + "/fleets/shop/forecast?entity=x", 400}, {"GET", base + "/fleets/shop/heat?resource=disk", 400}, {"GET", base + "/fleets/shop/series?entity=server:s9", 404},
		{"GET", base + "/events", 400},
	} {
		if got := s.do(c.method, c.path, ""); got.Code != c.want || !strings.Contains(got.Body.String(), `"error"`) {
			t.Errorf("%s %s: %d %s, want %d with an error", c.method, c.path, got.Code, got.Body, c.want)
		}
	}
}

func TestEveryAnswerHasSecurityHeaders(t *testing.T) {
	s, _ := served(t)
	for _, path := range []string{base + "/me", base + "/none", base + "/openapi.json"} {
		h := s.do("GET", path, "").Header()
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}
