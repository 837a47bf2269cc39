// Package access decides who may do what over HTTP: it finds out who sends a
// request (a token, a client certificate, an OIDC identity token, or this
// machine's own user), which role and fleets that gives, that a browser is not
// being misused by another site, and how often one may ask.
//
// It holds no session: every request proves itself.
package access
