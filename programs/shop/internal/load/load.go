// Package load is the shop's customers: requests at a steady rate whatever the
// answers do, as customers come.
package load

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

type customer struct {
	perSecond float64
	method    string
	path      func() string
	body      string
}

var customers = []customer{
	{4, "GET", func() string { return "/healthz" }, ""},
	{6, "GET", func() string { return fmt.Sprintf("/catalog?page=%d", rand.IntN(5)) }, ""},
	{3, "GET", func() string { return fmt.Sprintf("/quote/sku-%d", rand.IntN(8)) }, ""},
	{1.5, "GET", func() string { return fmt.Sprintf("/products/sku-%d", rand.IntN(8)) }, ""},
	{1, "POST", func() string { return "/orders" }, `{"sku":"sku-1","quantity":2}`},
	{0.5, "GET", func() string { return fmt.Sprintf("/orders/%d", 1+rand.IntN(50)) }, ""},
}

// Run sends requests until ctx ends. Customers are patient: they hang up after
// four minutes.
func Run(ctx context.Context, target string, factor float64) {
	client := &http.Client{
		Timeout:   4 * time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute},
	}
	for _, c := range customers {
		go c.come(ctx, client, target, factor)
	}
	<-ctx.Done()
}

func (c customer) come(ctx context.Context, client *http.Client, target string, factor float64) {
	if factor <= 0 {
		return
	}
	next := time.NewTicker(time.Duration(float64(time.Second) / (c.perSecond * factor)))
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			go c.ask(ctx, client, target)
		}
	}
}

func (c customer) ask(ctx context.Context, client *http.Client, target string) {
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	request, err := http.NewRequestWithContext(ctx, c.method, target+c.path(), body)
	if err != nil {
		return
	}
	response, err := client.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
}
