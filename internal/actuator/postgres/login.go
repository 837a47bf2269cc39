package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kinds of the server's authentication request.
const (
	authOK           = 0
	authClearText    = 3
	authSASL         = 10
	authSASLContinue = 11
	authSASLFinal    = 12
)

// protocolVersion is 3.0.
const protocolVersion = 3 << 16

// maxIterations bounds the work that a server can ask for.
const maxIterations = 1_000_000

// startUp logs in and waits until the server is ready.
func (c *Client) startUp(ctx context.Context, login Login) error {
	if err := c.arm(ctx); err != nil {
		return err
	}
	body := binary.BigEndian.AppendUint32(nil, protocolVersion)
	for _, text := range []string{"user", login.User, "database", login.Database, "application_name", "drover"} {
		body = append(append(body, text...), 0)
	}
	if err := c.send(0, append(body, 0)); err != nil {
		return err
	}
	scram := &scram{password: login.Password}
	for {
		kind, body, err := c.receive()
		if err != nil {
			return err
		}
		switch kind {
		case 'E':
			return serverError(body)
		case 'Z':
			return nil
		case 'R':
			if err := c.authenticate(body, scram); err != nil {
				return err
			}
		}
	}
}

// authenticate answers one request.
func (c *Client) authenticate(body []byte, s *scram) error {
	if len(body) < 4 {
		return errors.New("short authentication request")
	}
	rest := body[4:]
	switch kind := binary.BigEndian.Uint32(body); kind {
	case authOK:
		return nil
	case authClearText:
		return c.send('p', append([]byte(s.password), 0))
	case authSASL:
		if !strings.Contains(string(rest), "SCRAM-SHA-256\x00") {
			return errors.New("the server offers no SCRAM-SHA-256")
		}
		first := s.first()
		message := append([]byte("SCRAM-SHA-256\x00"), binary.BigEndian.AppendUint32(nil, uint32(len(first)))...)
		return c.send('p', append(message, first...))
	case authSASLContinue:
		final, err := s.final(string(rest))
		if err != nil {
			return err
		}
		return c.send('p', []byte(final))
	case authSASLFinal:
		return s.verify(string(rest))
	default:
		return fmt.Errorf("authentication kind %d isn't supported: use trust, password or scram-sha-256", kind)
	}
}

// scram is the client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without
// channel binding.
type scram struct {
	password    string
	bare, nonce string
	signature   []byte // what the server has to prove
}

func (s *scram) first() string {
	s.nonce = rand.Text()
	s.bare = "n=,r=" + s.nonce // the server takes the name of the start-up message
	return "n,," + s.bare
}

// final answers the server's challenge "r=nonce,s=salt,i=iterations".
func (s *scram) final(challenge string) (string, error) {
	fields := attributes(challenge)
	salt, err := base64.StdEncoding.DecodeString(fields["s"])
	if err != nil {
		return "", fmt.Errorf("salt: %w", err)
	}
	iterations, err := strconv.Atoi(fields["i"])
	if err != nil || iterations < 1 || iterations > maxIterations {
		return "", fmt.Errorf("%q iterations", fields["i"])
	}
	if !strings.HasPrefix(fields["r"], s.nonce) || len(fields["r"]) == len(s.nonce) {
		return "", errors.New("the server's nonce doesn't continue ours")
	}
	salted, err := pbkdf2.Key(sha256.New, s.password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	without := "c=biws,r=" + fields["r"]
	message := s.bare + "," + challenge + "," + without
	client := sign(salted, "Client Key")
	stored := sha256.Sum256(client)
	proof := sign(stored[:], message)
	for i := range proof {
		proof[i] ^= client[i]
	}
	s.signature = sign(sign(salted, "Server Key"), message)
	return without + ",p=" + base64.StdEncoding.EncodeToString(proof), nil
}

// verify checks the server's proof "v=signature".
func (s *scram) verify(message string) error {
	got, err := base64.StdEncoding.DecodeString(attributes(message)["v"])
	if err != nil || s.signature == nil || !hmac.Equal(got, s.signature) {
		return errors.New("the server doesn't know the password")
	}
	return nil
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// attributes splits "a=x,b=y".
func attributes(text string) map[string]string {
	fields := make(map[string]string)
	for part := range strings.SplitSeq(text, ",") {
		if name, value, ok := strings.Cut(part, "="); ok {
			fields[name] = value
		}
	}
	return fields
}
