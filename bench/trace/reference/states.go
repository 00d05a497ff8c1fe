package main

import (
	"io"

	"golang.org/x/exp/trace"
)

// totals are sums over all goroutines, ns; a wait that began before the trace counts from the trace's first event.
type totals struct {
	Events int `json:"events"`
	// Lives: a thread of C's that calls in again has its goroutine's id again.
	Goroutines int              `json:"goroutines"`
	StatesNs   map[string]int64 `json:"statesNs"`
	WaitingNs  map[string]int64 `json:"waitingNs"`
	TasksBegun int              `json:"tasksBegun"`
	TasksEnded int              `json:"tasksEnded"`
	Regions    int              `json:"regions"`
	Logs       int              `json:"logs"`
	Samples    int              `json:"cpuSamples"`
	Processors int              `json:"processors"`
	DurationNs int64            `json:"durationNs"`
	// Tasks by id: begun, or ended without a beginning.
	Tasks int `json:"tasks"`
	// Of goroutines that waited from the trace's beginning to its end, for a reason that it does not give.
	UnknownNs int64 `json:"unknownNs"`
}

type goroutine struct {
	state  trace.GoState
	since  trace.Time
	reason string
	// In that state since before the trace.
	older bool
}

const stateCount = int(trace.GoSyscall) + 1

func readStates(from io.Reader) (any, error) {
	result := totals{StatesNs: map[string]int64{}, WaitingNs: map[string]int64{}}
	live := make(map[trace.GoID]goroutine)
	processors := make(map[trace.ProcID]struct{})
	tasks := make(map[trace.TaskID]struct{})
	var states [stateCount]int64
	var start, last, first trace.Time
	fresh := true
	add := func(one goroutine, until trace.Time) {
		length := int64(until - one.since)
		states[one.state] += length
		if one.state == trace.GoWaiting {
			result.WaitingNs[one.reason] += length
		}
	}
	err := forEach(from, func(event *trace.Event) {
		kind := event.Kind()
		if kind == trace.EventSync {
			fresh = true
			return
		}
		result.Events++
		// A CPU sample may lie before the first event, and says nothing of states.
		if kind == trace.EventStackSample {
			result.Samples++
			return
		}
		now := event.Time()
		if fresh {
			start, fresh = now, false
			if first == 0 {
				first = now
			}
		}
		last = max(last, now)
		switch kind {
		case trace.EventTaskBegin:
			result.TasksBegun++
			tasks[event.Task().ID] = struct{}{}
		case trace.EventTaskEnd:
			result.TasksEnded++
			tasks[event.Task().ID] = struct{}{}
		case trace.EventRegionBegin:
			result.Regions++
		case trace.EventLog:
			result.Logs++
		case trace.EventStateTransition:
			transition := event.StateTransition()
			if transition.Resource.Kind == trace.ResourceProc {
				processors[transition.Resource.Proc()] = struct{}{}
				return
			}
			if transition.Resource.Kind != trace.ResourceGoroutine {
				return
			}
			id := transition.Resource.Goroutine()
			old, new := transition.Goroutine()
			if old == new {
				return
			}
			switch old {
			case trace.GoUndetermined:
				result.Goroutines++
				live[id] = goroutine{state: new, since: start, reason: transition.Reason, older: true}
				return
			case trace.GoNotExist:
				result.Goroutines++
			default:
				if one, known := live[id]; known {
					add(one, now)
				}
			}
			if new == trace.GoNotExist {
				delete(live, id)
			} else {
				live[id] = goroutine{state: new, since: now, reason: transition.Reason}
			}
		}
	})
	for _, one := range live {
		add(one, last)
		if one.state == trace.GoWaiting && one.reason == "" && one.older {
			result.UnknownNs += int64(last - one.since)
		}
	}
	for state := 1; state < stateCount; state++ {
		result.StatesNs[trace.GoState(state).String()] = states[state]
	}
	result.Tasks = len(tasks)
	result.Processors, result.DurationNs = len(processors), int64(last-first)
	return result, err
}
