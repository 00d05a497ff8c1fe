package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// priceCache refreshes itself under its own lock: while the price list is slow,
// every reader waits for the one that asked.
type priceCache struct {
	client *http.Client
	url    string
	maxAge time.Duration

	mu      sync.Mutex
	prices  map[string]int
	fetched time.Time
}

func newPriceCache(client *http.Client, url string, maxAge time.Duration) *priceCache {
	c := &priceCache{client: client, url: url, maxAge: maxAge}
	c.get("") // warm
	return c
}

func (c *priceCache) get(sku string) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.fetched) > c.maxAge {
		if err := c.refresh(); err != nil {
			return 0, err
		}
	}
	price, ok := c.prices[sku]
	if !ok {
		return 0, errors.New("no price for " + strconv.Quote(sku))
	}
	return price, nil
}

func (c *priceCache) refresh() error {
	response, err := c.client.Get(c.url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("price list: %s", response.Status)
	}
	prices := map[string]int{}
	if err := json.NewDecoder(response.Body).Decode(&prices); err != nil {
		return err
	}
	c.prices, c.fetched = prices, time.Now()
	return nil
}

func (s *Server) product(w http.ResponseWriter, r *http.Request) error {
	price, err := s.prices.get(r.PathValue("sku"))
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]any{"sku": r.PathValue("sku"), "cents": price})
}

// catalog needs nobody but itself: it answers whatever the peers do.
func (s *Server) catalog(w http.ResponseWriter, r *http.Request) error {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	skus := []string{}
	for i := range 4 {
		skus = append(skus, fmt.Sprintf("sku-%d", (4*page+i)%8))
	}
	return writeJSON(w, skus)
}
