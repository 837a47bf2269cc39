package access

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"drover/internal/model"
)

// Rules say who may come in. The file that holds them is YAML.
type Rules struct {
	Tokens       []Token       `yaml:"tokens"`
	Certificates []Certificate `yaml:"certificates"`
	OIDC         *OIDC         `yaml:"oidc"`
}

// Token is a static bearer token. Tokens are 256 random bits, so that a plain
// hash is enough to keep the file from giving them away.
type Token struct {
	Name        string          `yaml:"name"`
	TokenSHA256 string          `yaml:"token_sha256"`
	Role        Role            `yaml:"role"`
	Fleets      []model.FleetID `yaml:"fleets"`
	Expires     time.Time       `yaml:"expires"` // zero: never
}

// Certificate is a client certificate by its subject's common name; it must be
// signed by the authority that the listener asks for.
type Certificate struct {
	CommonName string          `yaml:"common_name"`
	Role       Role            `yaml:"role"`
	Fleets     []model.FleetID `yaml:"fleets"`
}

// OIDC accepts identity tokens of one issuer.
type OIDC struct {
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
	// CA is a PEM file for an issuer whose certificate is not publicly signed.
	CA string `yaml:"ca"`
	// NameClaim is who it is (default "email"), RolesClaim a text or a list of
	// texts (default "groups") that Roles translates; the greatest role counts.
	NameClaim  string                     `yaml:"name_claim"`
	RolesClaim string                     `yaml:"roles_claim"`
	Roles      map[string]Role            `yaml:"roles"`
	Fleets     map[string][]model.FleetID `yaml:"fleets"`
}

// ReadRules reads and checks rules.
func ReadRules(text []byte) (*Rules, error) {
	var r Rules
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	return &r, r.validate()
}

// LoadRules reads a file of rules.
func LoadRules(path string) (*Rules, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	r, err := ReadRules(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r *Rules) validate() error {
	if len(r.Tokens) == 0 && len(r.Certificates) == 0 && r.OIDC == nil {
		return errors.New("access: nobody could come in: give tokens, certificates or oidc")
	}
	seen := map[string]string{}
	for i, t := range r.Tokens {
		raw, err := hex.DecodeString(t.TokenSHA256)
		switch {
		case t.Name == "":
			return fmt.Errorf("access: tokens[%d]: name is empty", i)
		case t.Role == Public:
			return fmt.Errorf("access: tokens[%d] %q: role: want viewer, operator, approver or admin", i, t.Name)
		case err != nil || len(raw) != sha256.Size:
			return fmt.Errorf("access: tokens[%d] %q: token_sha256: want 64 hexadecimal digits (`drover token new` prints them)", i, t.Name)
		case seen[string(raw)] != "":
			return fmt.Errorf("access: tokens[%d] %q has the same token as %q", i, t.Name, seen[string(raw)])
		}
		seen[string(raw)] = t.Name
	}
	for i, c := range r.Certificates {
		if c.CommonName == "" || c.Role == Public {
			return fmt.Errorf("access: certificates[%d] %q: want common_name and role", i, c.CommonName)
		}
	}
	if r.OIDC != nil {
		return r.OIDC.validate()
	}
	return nil
}

func (o *OIDC) validate() error {
	u, err := url.Parse(o.Issuer)
	switch {
	case err != nil || u.Scheme != "https" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" || u.Host == "":
		return fmt.Errorf("access: oidc.issuer: %q: want an https URL", o.Issuer)
	case o.Audience == "":
		return errors.New("access: oidc.audience: is empty: a token meant for somebody else would be accepted")
	case len(o.Roles) == 0:
		return errors.New("access: oidc.roles: no claim gives a role")
	}
	if o.NameClaim == "" {
		o.NameClaim = "email"
	}
	if o.RolesClaim == "" {
		o.RolesClaim = "groups"
	}
	return nil
}

// NewToken returns a random bearer token and the hash to keep of it.
func NewToken() (token, tokenSHA256 string) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(raw[:])
	sum := sha256.Sum256([]byte(token))
	return token, hex.EncodeToString(sum[:])
}
