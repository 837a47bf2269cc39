package access

import (
	"context"
	"fmt"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"

	"drover/internal/model"
)

// identityToken checks a token of the OIDC issuer: its signature, issuer,
// audience and expiry, then which role its claims give.
func (g *Gate) identityToken(ctx context.Context, raw string) (Principal, error) {
	verifier, err := g.verify(ctx)
	if err != nil {
		return Principal{}, err
	}
	token, err := verifier.Verify(oidc.ClientContext(ctx, g.client), raw)
	if err != nil {
		return Principal{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return Principal{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return g.rules.OIDC.principal(token.Subject, claims)
}

// verify asks the issuer for its keys the first time.
func (g *Gate) verify(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.verifier != nil {
		return g.verifier, nil
	}
	// The provider outlives this request: it fetches keys later on.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), g.client), g.rules.OIDC.Issuer)
	if err != nil {
		return nil, fmt.Errorf("the OIDC issuer does not answer: %w", err)
	}
	g.verifier = provider.Verifier(&oidc.Config{ClientID: g.rules.OIDC.Audience, Now: g.now})
	return g.verifier, nil
}

// principal translates claims.
func (o *OIDC) principal(subject string, claims map[string]any) (Principal, error) {
	p := Principal{Name: subject, Means: "oidc"}
	if name, ok := claims[o.NameClaim].(string); ok && name != "" {
		p.Name = name
	}
	everywhere := len(o.Fleets) == 0
	for _, value := range texts(claims[o.RolesClaim]) {
		p.Role = max(p.Role, o.Roles[value])
		for _, fleet := range o.Fleets[value] {
			if !slices.Contains(p.Fleets, fleet) {
				p.Fleets = append(p.Fleets, fleet)
			}
		}
	}
	switch {
	case p.Role == Public:
		return Principal{}, fmt.Errorf("%s: claim %q gives no role here: %w", p.Name, o.RolesClaim, ErrUnknown)
	case !everywhere && len(p.Fleets) == 0:
		p.Fleets = []model.FleetID{""} // none: no fleet has the empty name
	}
	return p, nil
}

// texts reads a claim that is a text or a list of texts.
func texts(claim any) []string {
	switch c := claim.(type) {
	case string:
		return []string{c}
	case []any:
		var out []string
		for _, v := range c {
			if s, ok := v.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
