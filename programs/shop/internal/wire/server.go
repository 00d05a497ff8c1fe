package wire

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
)

type order struct {
	id       int64
	sku      string
	quantity int64
	status   string
}

// Server keeps the orders. It never forgets and never fails: what goes wrong
// in the shop does not go wrong here.
type Server struct {
	mu     sync.Mutex
	orders []order
}

// NewServer returns a server with a few orders in it.
func NewServer() *Server {
	s := &Server{}
	for i := range 50 {
		s.orders = append(s.orders, order{id: int64(i + 1), sku: fmt.Sprintf("sku-%d", i%8), quantity: 1, status: "confirmed"})
	}
	return s
}

// Serve accepts connections until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	context.AfterFunc(ctx, func() { l.Close() })
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go s.serveConn(conn)
	}
}

func (s *Server) serveConn(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	out := json.NewEncoder(conn)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var q request
		if err := json.Unmarshal(line, &q); err != nil {
			return
		}
		if out.Encode(s.run(q)) != nil {
			return
		}
	}
}

func (s *Server) run(q request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch q.Statement {
	case begin, commit, rollback:
		return reply{}
	case InsertOrder:
		if len(q.Args) != 2 {
			return reply{Error: "INSERT INTO orders takes two values"}
		}
		sku, _ := q.Args[0].(string)
		quantity, _ := q.Args[1].(float64)
		id := int64(len(s.orders) + 1)
		s.orders = append(s.orders, order{id: id, sku: sku, quantity: int64(quantity), status: "new"})
		return reply{LastID: id, Affected: 1}
	case ConfirmOrder:
		o := s.find(q.Args)
		if o == nil {
			return reply{}
		}
		o.status = "confirmed"
		return reply{Affected: 1}
	case SelectOrder:
		answer := reply{Columns: []string{"id", "sku", "quantity", "status"}}
		if o := s.find(q.Args); o != nil {
			answer.Rows = append(answer.Rows, o.row())
		}
		return answer
	case RecentOrders:
		answer := reply{Columns: []string{"id", "sku", "quantity", "status"}}
		for i := len(s.orders) - 1; i >= 0 && len(answer.Rows) < 20; i-- {
			answer.Rows = append(answer.Rows, s.orders[i].row())
		}
		return answer
	}
	return reply{Error: "unknown statement: " + q.Statement}
}

func (s *Server) find(args []any) *order {
	if len(args) != 1 {
		return nil
	}
	id, _ := args[0].(float64)
	if id < 1 || int(id) > len(s.orders) {
		return nil
	}
	return &s.orders[int(id)-1]
}

func (o order) row() []any { return []any{o.id, o.sku, o.quantity, o.status} }
