package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"sync"
)

var headerFile = flag.String("headers", "", "where the proxy writes the headers that it sees")

// headerLog holds a line of JSON for each request: what the gateway sent, and what the cart gets.
type headerLog struct {
	mutex sync.Mutex
	file  *os.File
}

func openHeaderLog(path string) (*headerLog, error) {
	if path == "" {
		return &headerLog{}, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	return &headerLog{file: file}, err
}

func (l *headerLog) add(direction string, header http.Header) {
	if l.file == nil {
		return
	}
	line, err := json.Marshal(map[string]any{
		"edge":      map[string]string{"from": "gateway", "to": "cart"},
		"direction": direction,
		"headers":   header,
	})
	if err != nil {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_, _ = l.file.Write(append(line, '\n'))
}

func (l *headerLog) close() {
	if l.file != nil {
		_ = l.file.Close()
	}
}
