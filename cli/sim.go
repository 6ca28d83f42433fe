package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"trueup/sim"
)

type simCmd struct {
	Listen string   `default:"127.0.0.1:8787" placeholder:"ADDR" help:"Where to listen; loopback only. Port 0 takes a free one."`
	File   string   `placeholder:"FILE" help:"Where the content is kept (default .trueup/sim.json); - keeps it in memory."`
	Option []string `placeholder:"NAME" help:"Turn a doubtful behaviour of the API on (repeatable): ${switches}."`
	Fault  []string `placeholder:"FAULT" sep:"none" help:"Make requests go wrong (repeatable): ACTION[:TIME][@[METHOD:][PATH][#N[-M]]], such as cut-after@POST:tokens#2, 429:3s@#17, 503@pools/*#1-3. Actions: ${actions}."`
	Log    bool     `help:"Log each request on stderr, without secrets."`
}

func (c *simCmd) Run(ctx context.Context, a *app) error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %s: the simulator listens on loopback only", c.Listen)
	}
	o, path := sim.Options{}, cmp.Or(c.File, simFile("."))
	if c.Log {
		o.Log = a.Err
	}
	if c.File == "-" {
		path = ""
	}
	s, err := openSim(path, o, c.Option, c.Fault)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // every write was durable before it was answered
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	token, email, key := s.Credentials()
	fmt.Fprintf(a.Out, "The simulator listens. It has the account %s and the zone %s. To use it:\nexport CLOUDFLARE_BASE_URL=http://%s/client/v4\nexport CLOUDFLARE_API_TOKEN=%s\nexport CLOUDFLARE_EMAIL=%s\nexport CLOUDFLARE_API_KEY=%s\n", sim.AccountID, sim.ZoneID, l.Addr(), token, email, key)
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		select {
		case <-a.stop:
		case <-ctx.Done():
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// simFile is where the simulator's content is kept beside files in dir.
func simFile(dir string) string { return filepath.Join(dir, ".trueup", "sim.json") }

// openSim is the simulator with its content at path, in memory where that is "",
// with these switches on and these faults.
func openSim(path string, o sim.Options, options, faults []string) (*sim.Server, error) {
	for _, name := range options {
		if err := o.Set(name, true); err != nil {
			return nil, err
		}
	}
	var all []sim.Fault
	for _, text := range faults {
		fs, err := sim.ParseFaults(text)
		if err != nil {
			return nil, err
		}
		all = append(all, fs...)
	}
	var s *sim.Server
	if path == "" {
		s = sim.New(o)
	} else {
		var err error
		if s, err = sim.Open(path, o); err != nil {
			return nil, err
		}
	}
	for _, f := range all {
		s.AddFault(f)
	}
	return s, nil
}

func actions() string {
	names := make([]string, len(sim.Actions))
	for i, a := range sim.Actions {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

func switches() string { return strings.Join(sim.Switches(), ", ") }
