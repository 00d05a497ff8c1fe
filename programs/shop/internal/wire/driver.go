package wire

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"net"
	"time"
)

// Open returns a pool of connections to the server at address.
func Open(address string) *sql.DB { return sql.OpenDB(connector{address}) }

type connector struct{ address string }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	return &conn{nc: nc, in: bufio.NewReader(nc)}, nil
}

func (c connector) Driver() driver.Driver { return wireDriver{} }

type wireDriver struct{}

func (wireDriver) Open(address string) (driver.Conn, error) {
	return connector{address}.Connect(context.Background())
}

type conn struct {
	nc net.Conn
	in *bufio.Reader
}

var (
	_ driver.ExecerContext  = (*conn)(nil)
	_ driver.QueryerContext = (*conn)(nil)
	_ driver.ConnBeginTx    = (*conn)(nil)
)

// roundTrip sends one statement and reads its reply, within ctx's deadline.
func (c *conn) roundTrip(ctx context.Context, statement string, args []driver.NamedValue) (reply, error) {
	q := request{Statement: statement}
	for _, a := range args {
		q.Args = append(q.Args, a.Value)
	}
	deadline, _ := ctx.Deadline() // the zero time is no deadline
	if err := c.nc.SetDeadline(deadline); err != nil {
		return reply{}, driver.ErrBadConn
	}
	line, err := json.Marshal(q)
	if err != nil {
		return reply{}, err
	}
	if _, err := c.nc.Write(append(line, '\n')); err != nil {
		return reply{}, driver.ErrBadConn
	}
	line, err = c.in.ReadBytes('\n')
	if err != nil {
		return reply{}, driver.ErrBadConn
	}
	var answer reply
	if err := json.Unmarshal(line, &answer); err != nil {
		return reply{}, driver.ErrBadConn
	}
	if answer.Error != "" {
		return reply{}, errors.New(answer.Error)
	}
	return answer, nil
}

func (c *conn) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	answer, err := c.roundTrip(ctx, statement, args)
	if err != nil {
		return nil, err
	}
	return result{answer.LastID, answer.Affected}, nil
}

func (c *conn) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	answer, err := c.roundTrip(ctx, statement, args)
	if err != nil {
		return nil, err
	}
	return &rows{columns: answer.Columns, rest: answer.Rows}, nil
}

func (c *conn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	_, err := c.roundTrip(ctx, begin, nil)
	return &tx{c}, err
}

func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *conn) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("wire: no prepared statements")
}

func (c *conn) Close() error { return c.nc.Close() }

type tx struct{ c *conn }

func (t *tx) end(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := t.c.roundTrip(ctx, statement, nil)
	return err
}

func (t *tx) Commit() error   { return t.end(commit) }
func (t *tx) Rollback() error { return t.end(rollback) }

type result struct{ id, affected int64 }

func (r result) LastInsertId() (int64, error) { return r.id, nil }
func (r result) RowsAffected() (int64, error) { return r.affected, nil }

type rows struct {
	columns []string
	rest    [][]any
}

func (r *rows) Columns() []string { return r.columns }
func (r *rows) Close() error      { return nil }

func (r *rows) Next(into []driver.Value) error {
	if len(r.rest) == 0 {
		return io.EOF
	}
	for i, v := range r.rest[0] {
		if f, ok := v.(float64); ok {
			into[i] = int64(f)
		} else {
			into[i] = v
		}
	}
	r.rest = r.rest[1:]
	return nil
}
