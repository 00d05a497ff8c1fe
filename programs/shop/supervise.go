package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"

	"example.com/shop/internal/life"
)

// supervise runs every part as a process of its own, so that what is seen in
// the API's process is the API's alone.
func supervise(o options) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var children []*child
	defer func() {
		for i := len(children) - 1; i >= 0; i-- {
			children[i].stop()
		}
	}()
	start := func(name string, lines int, args ...string) (map[string]string, error) {
		common := []string{"-mode", name, "-supervised", "-for", childLife(o.runFor).String()}
		c, said, err := startChild(self, lines, append(common, args...))
		if err != nil {
			return nil, fmt.Errorf("start %s: %w", name, err)
		}
		children = append(children, c)
		return said, nil
	}

	database, err := start("db", 1)
	if err != nil {
		return err
	}
	outside, err := start("peers", 2, "-degrade-after", o.degradeAfter.String(), "-peer-delay", o.peerDelay.String())
	if err != nil {
		return err
	}
	service, err := start("api", 1, "-listen", o.listen, "-database", database["address"],
		"-inventory", "http://"+outside["address"], "-audit", outside["audit"])
	if err != nil {
		return err
	}
	base := "http://" + service["address"]
	if _, err := start("load", 1, "-target", base, "-rate", fmt.Sprint(o.rate)); err != nil {
		return err
	}
	line, _ := json.Marshal(map[string]any{
		"api":       base,
		"pprof":     base + "/debug/pprof/",
		"vars":      base + "/debug/vars",
		"database":  database["address"],
		"inventory": "http://" + outside["address"],
		"audit":     outside["audit"],
		"pid":       os.Getpid(),
		"apiPid":    children[2].command.Process.Pid,
	})
	fmt.Println(string(line))

	ended := make(chan error, len(children))
	for _, c := range children {
		go func() { ended <- c.wait() }()
	}
	life.Wait(o.runFor, o.supervised, ended)
	return nil
}

// childLife outlasts the parent a little: a child ends by itself only if the
// parent could not end it.
func childLife(runFor time.Duration) time.Duration {
	if runFor == 0 {
		return 0
	}
	return runFor + 5*time.Second
}

type child struct {
	command *exec.Cmd
	done    chan struct{}
	err     error
}

func startChild(self string, lines int, args []string) (*child, map[string]string, error) {
	command := exec.Command(self, args...)
	command.Args[0] = "shop"
	command.Stderr = os.Stderr
	// pprof labels in goroutine dumps: the default only where go.mod says 1.27.
	command.Env = append(os.Environ(), "GODEBUG=tracebacklabels=1")
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	c := &child{command: command, done: make(chan struct{})}
	said := map[string]string{}
	scanner := bufio.NewScanner(out)
	for range lines {
		if !scanner.Scan() {
			c.stop()
			return nil, nil, fmt.Errorf("ended before it was ready")
		}
		if err := json.Unmarshal(scanner.Bytes(), &said); err != nil {
			c.stop()
			return nil, nil, err
		}
	}
	go func() {
		c.err = command.Wait()
		close(c.done)
	}()
	return c, said, nil
}

func (c *child) wait() error {
	<-c.done
	return c.err
}

func (c *child) stop() {
	if c.command.Process.Signal(os.Interrupt) == nil {
		select {
		case <-c.done:
			return
		case <-time.After(2 * time.Second):
		}
	}
	c.command.Process.Kill()
}
