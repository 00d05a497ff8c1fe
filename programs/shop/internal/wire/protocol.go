// Package wire is the shop's database: a server that keeps orders in memory,
// and a database/sql driver for it. One JSON document per line each way, one
// statement at a time per connection, as in most database protocols.
package wire

// The statements that the server knows, by the text the client sends.
const (
	InsertOrder  = "INSERT INTO orders (sku, quantity) VALUES (?, ?)"
	SelectOrder  = "SELECT id, sku, quantity, status FROM orders WHERE id = ?"
	RecentOrders = "SELECT id, sku, quantity, status FROM orders ORDER BY id DESC LIMIT 20"
	ConfirmOrder = "UPDATE orders SET status = 'confirmed' WHERE id = ?"
	begin        = "BEGIN"
	commit       = "COMMIT"
	rollback     = "ROLLBACK"
)

type request struct {
	Statement string `json:"statement"`
	Args      []any  `json:"args,omitempty"`
}

type reply struct {
	Error    string   `json:"error,omitempty"`
	Columns  []string `json:"columns,omitempty"`
	Rows     [][]any  `json:"rows,omitempty"`
	LastID   int64    `json:"lastId,omitempty"`
	Affected int64    `json:"affected,omitempty"`
}
