// Package peers is the outside world of the shop: an inventory, a price list
// and three suppliers behind one HTTP server, and an audit sink on TCP. They
// answer in milliseconds until they degrade.
package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Condition tells a peer how it feels at this moment.
type Condition struct {
	degradeAt time.Time
	delay     time.Duration
}

// NewCondition is good for a while, then slow by delay; after 0 is good forever.
func NewCondition(after, delay time.Duration) *Condition {
	c := &Condition{delay: delay}
	if after > 0 {
		c.degradeAt = time.Now().Add(after)
	}
	return c
}

func (c *Condition) degraded() bool { return !c.degradeAt.IsZero() && time.Now().After(c.degradeAt) }

// ServeHTTP serves inventory, prices and suppliers until ctx ends.
func ServeHTTP(ctx context.Context, l net.Listener, c *Condition) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /reserve/{sku}", func(w http.ResponseWriter, r *http.Request) {
		if pause(r.Context(), c, 4*time.Millisecond, c.delay) {
			fmt.Fprintln(w, `{"reserved":true}`)
		}
	})
	mux.HandleFunc("GET /prices", func(w http.ResponseWriter, r *http.Request) {
		if !pause(r.Context(), c, 3*time.Millisecond, c.delay) {
			return
		}
		prices := map[string]int{}
		for i := range 8 {
			prices[fmt.Sprintf("sku-%d", i)] = 1000 + 50*i
		}
		json.NewEncoder(w).Encode(prices)
	})
	mux.HandleFunc("GET /suppliers/{name}/{sku}", func(w http.ResponseWriter, r *http.Request) {
		slow := 20 * time.Millisecond
		if r.PathValue("name") == "overseas" {
			slow = 600 * time.Millisecond
		}
		if pause(r.Context(), c, 5*time.Millisecond, slow) {
			fmt.Fprintf(w, `{"supplier":%q,"days":%d}`+"\n", r.PathValue("name"), len(r.PathValue("name")))
		}
	})
	server := &http.Server{Handler: mux}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// pause waits as long as the peer takes; false when the caller has gone.
func pause(ctx context.Context, c *Condition, good, bad time.Duration) bool {
	d := good
	if c.degraded() {
		d = bad
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// ServeAudit acknowledges records; once degraded it hangs up on every one.
func ServeAudit(ctx context.Context, l net.Listener, c *Condition) {
	context.AfterFunc(ctx, func() { l.Close() })
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err == nil && line != "" && !c.degraded() {
				fmt.Fprintln(conn, "ok")
			}
		}()
	}
}
