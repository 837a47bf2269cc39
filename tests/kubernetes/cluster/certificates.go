package cluster

import (
	"crypto/x509"
	"net"

	"drover/tests/authority"
)

// certificates are where the control plane's certificates and keys lie.
type certificates struct {
	server, admin authority.Identity
	// accounts has the key that signs service accounts' tokens, and the certificate
	// that they are checked by.
	accounts authority.Identity
}

// certify makes the certificates in a folder.
func certify(folder string) (c certificates, err error) {
	a, err := authority.In(folder)
	if err != nil {
		return c, err
	}
	server := a.Template("apiserver")
	server.KeyUsage, server.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.DNSNames, server.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)}
	if c.server, err = a.Sign("apiserver", server); err != nil {
		return c, err
	}
	user := a.Template(admin, "system:masters")
	user.KeyUsage, user.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if c.admin, err = a.Sign(admin, user); err != nil {
		return c, err
	}
	c.accounts, err = a.Sign("service-accounts", a.Template("service-accounts"))
	return c, err
}
