package api

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"example.com/shop/internal/wire"
)

type order struct {
	ID       int64  `json:"id"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Status   string `json:"status"`
}

// createOrder keeps its database connection, inside a transaction, while it
// talks to the inventory over HTTP, and that client has no timeout. Four slow
// reservations and the pool of four is empty: every request that needs the
// database queues in (*DB).conn, also those that never touch the inventory.
func (s *Server) createOrder(w http.ResponseWriter, r *http.Request) error {
	var o order
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&o); err != nil {
		return err
	}
	s.audit.record("order received", o.SKU)

	tx, err := s.db.BeginTx(r.Context(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	inserted, err := tx.ExecContext(r.Context(), wire.InsertOrder, o.SKU, o.Quantity)
	if err != nil {
		return err
	}
	if o.ID, err = inserted.LastInsertId(); err != nil {
		return err
	}
	if err := s.reserve(r, o.SKU); err != nil {
		return err
	}
	if _, err := tx.ExecContext(r.Context(), wire.ConfirmOrder, o.ID); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	o.Status = "confirmed"
	s.mail.send(fmt.Sprintf("order %d is confirmed", o.ID))
	return writeJSON(w, o)
}

func (s *Server) reserve(r *http.Request, sku string) error {
	request, err := http.NewRequestWithContext(r.Context(), "POST", s.config.Inventory+"/reserve/"+sku, nil)
	if err != nil {
		return err
	}
	response, err := s.peers.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

func (s *Server) getOrder(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return nil
	}
	var o order
	row := s.db.QueryRowContext(r.Context(), wire.SelectOrder, id)
	if err := row.Scan(&o.ID, &o.SKU, &o.Quantity, &o.Status); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			http.NotFound(w, r)
			return nil
		}
		return err
	}
	return writeJSON(w, o)
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}
