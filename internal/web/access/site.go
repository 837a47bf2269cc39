package access

import (
	"errors"
	"net/http"
)

// CSRFHeader must stand in every request that changes something where the
// browser proves itself by itself: another site can't set it.
const CSRFHeader = "X-Drover-Request"

// errCSRF says how a script does it right.
var errCSRF = errors.New("requests that change something need the header " + CSRFHeader + ": 1 (browsers of other sites can't send it)")

// SameSite refuses what another site makes a browser send. Safe methods pass.
func SameSite(r *http.Request, p *Principal) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return err
	}
	if p.Ambient() && r.Header.Get(CSRFHeader) == "" {
		return errCSRF
	}
	return nil
}

// SecurityHeaders are sent with every answer; to those who came over TLS also
// that they shall never come without.
func SecurityHeaders(h http.Header, r *http.Request) {
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
		"connect-src 'self'; worker-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}
