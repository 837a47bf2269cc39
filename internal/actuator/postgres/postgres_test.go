package postgres

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator/process"
)

// The example of RFC 7677, section 3.
func TestSCRAMExample(t *testing.T) {
	s := &scram{password: "pencil", nonce: "rOprNGfwEbeRWgbNEkqO", bare: "n=user,r=rOprNGfwEbeRWgbNEkqO"}
	final, err := s.final("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
	if err != nil {
		t.Fatal(err)
	}
	want := "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	if final != want {
		t.Errorf("got %s\nwant %s", final, want)
	}
	if err := s.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="); err != nil {
		t.Error(err)
	}
	if s.verify("v=AAAA") == nil || (&scram{}).verify("v=") == nil {
		t.Error("a server that doesn't know the password is trusted")
	}
}

func TestSCRAMRefusals(t *testing.T) {
	for _, challenge := range []string{
		"r=ABC,s=AA==,i=1", "r=abc,s=AA==,i=1", "r=abcX,s=!,i=1", "r=abcX,s=AA==,i=0", "r=abcX,s=AA==,i=99999999", "",
	} {
		s := &scram{password: "x", nonce: "abc"}
		if _, err := s.final(challenge); err == nil {
			t.Errorf("%q is taken", challenge)
		}
	}
	if first := (&scram{}).first(); !strings.HasPrefix(first, "n,,n=,r=") || len(first) < 30 {
		t.Errorf("first %q", first)
	}
}

// message is one message of the server.
func message(kind byte, body string) []byte {
	b := append([]byte{kind}, binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))...)
	return append(b, body...)
}

func TestResult(t *testing.T) {
	row := func(v string) []byte {
		return message('D', "\x00\x01"+string(binary.BigEndian.AppendUint32(nil, uint32(len(v))))+v)
	}
	for name, c := range map[string]struct {
		in          [][]byte
		want, wrong string
	}{
		"a value":       {[][]byte{message('T', ""), row("7"), message('C', "SELECT 1\x00"), message('Z', "I")}, "7", ""},
		"the last row":  {[][]byte{row("1"), row("2"), message('Z', "I")}, "2", ""},
		"null":          {[][]byte{message('D', "\x00\x01\xff\xff\xff\xff"), message('Z', "I")}, "", ""},
		"no columns":    {[][]byte{message('D', "\x00\x00"), message('Z', "I")}, "", ""},
		"an error":      {[][]byte{message('E', "SERROR\x00C42P01\x00Mno table\x00\x00"), message('Z', "I")}, "", "ERROR 42P01: no table"},
		"a short row":   {[][]byte{message('D', "\x00\x01\x00\x00\x00\x09x"), message('Z', "I")}, "", "short row"},
		"a cut message": {[][]byte{row("1")[:8]}, "", "EOF"},
		"a huge one":    {[][]byte{{'D', 0xff, 0, 0, 0}}, "", "bytes"},
	} {
		client := &Client{reader: bufio.NewReader(bytes.NewReader(bytes.Join(c.in, nil)))}
		got, err := client.result()
		if c.wrong == "" && (err != nil || got != c.want) || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func FuzzResult(f *testing.F) {
	f.Add(append(message('D', "\x00\x01\x00\x00\x00\x01x"), message('Z', "I")...))
	f.Add(message('E', "SERROR\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = (&Client{reader: bufio.NewReader(bytes.NewReader(b))}).result()
	})
}

func TestLogin(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var head [4]byte
		_, _ = conn.Read(head[:])
		body := make([]byte, binary.BigEndian.Uint32(head[:])-4)
		_, _ = conn.Read(body)
		_, _ = conn.Write(message('R', "\x00\x00\x00\x03")) // a clear-text password, please
		answer := make([]byte, 64)
		n, _ := conn.Read(answer)
		got <- string(body[4:]) + string(answer[:n])
		_, _ = conn.Write(append(message('R', "\x00\x00\x00\x00"), message('Z', "I")...))
	}()
	c, err := Dial(t.Context(), l.Addr().String(), Login{User: "ada", Password: "secret", Database: "db"}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := "user\x00ada\x00database\x00db\x00application_name\x00drover\x00\x00p\x00\x00\x00\x0bsecret\x00"
	if g := <-got; g != want {
		t.Errorf("got %q\nwant %q", g, want)
	}
	if err := c.authenticate([]byte{0, 0, 0, 5}, &scram{}); err == nil {
		t.Error("md5 is taken for supported")
	}
}

func TestConninfoQuotes(t *testing.T) {
	i := Instance{Address: "10.0.0.1:5432", Login: Login{User: "o'x", Password: `a\b`, Database: "db"}}
	want := `host='10.0.0.1' port='5432' user='o\'x' dbname='db' password='a\\b'`
	if got := i.conninfo(); got != want {
		t.Errorf("got %s", got)
	}
}

func TestRemoveKeepsWhatIsNotOurs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	h := &LocalHost{Supervisor: &process.Supervisor{State: t.TempDir()}}
	i := &Instance{Folder: folder, Process: "pg"}
	if err := h.Remove(t.Context(), i); err != nil {
		t.Errorf("nothing there: %v", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := h.Remove(t.Context(), i); err == nil || !strings.Contains(err.Error(), "isn't Drover's") {
		t.Errorf("somebody's folder: %v", err)
	}
	if err := h.Start(t.Context(), i); err != nil {
		t.Errorf("start of somebody's folder: %v", err)
	}
	if err := mark(folder, whole); err != nil {
		t.Fatal(err)
	}
	if err := h.Remove(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err == nil || marked(folder) != "" {
		t.Error("our folder stays")
	}
	if err := h.Rewind(t.Context(), i, i); err == nil {
		t.Error("a folder that isn't whole is rewound")
	}
}

func TestWhatIsElsewhereIsLeftToItsAgent(t *testing.T) {
	h := &LocalHost{Supervisor: &process.Supervisor{State: t.TempDir()}, Programs: "/no/such/programs"}
	folder := filepath.Join(t.TempDir(), "data")
	if err := mark(folder, whole); err != nil {
		t.Fatal(err)
	}
	i, there := &Instance{Folder: folder, Address: "127.0.0.1:1", Elsewhere: true}, &Instance{Folder: folder}
	for name, do := range map[string]func() error{
		"start": func() error { return h.Start(t.Context(), i) }, "stop": func() error { return h.Stop(t.Context(), i) },
		"remove": func() error { return h.Remove(t.Context(), i) },
	} {
		if err := do(); err != nil || marked(folder) != whole {
			t.Errorf("%s: %v, %q", name, err, marked(folder))
		}
	}
	for name, do := range map[string]func() error{
		"copy":   func() error { return h.Copy(t.Context(), there, i, 0) },
		"rewind": func() error { return h.Rewind(t.Context(), there, i) },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), "another host") || marked(folder) != whole {
			t.Errorf("%s: %v, %q", name, err, marked(folder))
		}
	}
}
