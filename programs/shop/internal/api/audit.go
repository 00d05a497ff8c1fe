package api

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"time"
)

// auditLog delivers records "at least once": each in a goroutine of its own,
// without a context and without an end, so that it outlives its request and,
// while the sink hangs up, everything else.
type auditLog struct{ address string }

func (a *auditLog) record(event, subject string) {
	go a.deliver(fmt.Sprintf("%s %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), event, subject))
}

func (a *auditLog) deliver(line string) {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		if err := a.try(line); err == nil {
			return
		}
		time.Sleep(pause)
	}
}

func (a *auditLog) try(line string) error {
	conn, err := net.Dial("tcp", a.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, line); err != nil {
		return err
	}
	_, err = bufio.NewReader(conn).ReadString('\n')
	return err
}

// mailer is a pool of workers on a queue: idle most of its life, as it should.
type mailer struct{ queue chan string }

func startMailer(workers int) *mailer {
	m := &mailer{queue: make(chan string, 100)}
	for range workers {
		go m.work()
	}
	return m
}

func (m *mailer) work() {
	for text := range m.queue {
		log.Printf("mail: %s", text)
	}
}

// send never waits: a mail too many is dropped.
func (m *mailer) send(text string) {
	select {
	case m.queue <- text:
	default:
		failures.Add("mail", 1)
	}
}
