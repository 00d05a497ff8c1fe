// Command texts writes what a service says of itself as text, beside what the
// program knows:
//
//	texts expvar|prometheus|openmetrics FOLDER
//	texts section FOLDER <BINARY
//
// The last writes the build information section of an ELF file as it is.
package main

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"expvar"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: texts expvar|prometheus|openmetrics|section FOLDER")
		os.Exit(64)
	}
	var err error
	switch os.Args[1] {
	case "expvar":
		err = vars(os.Args[2])
	case "prometheus":
		err = exposition(os.Args[2], false)
	case "openmetrics":
		err = exposition(os.Args[2], true)
	case "section":
		err = section(os.Args[2])
	default:
		err = fmt.Errorf("no case %q", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "texts:", err)
		os.Exit(70)
	}
}

// section copies what the linker put into .go.buildinfo.
func section(folder string) error {
	binary, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	file, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return err
	}
	info := file.Section(".go.buildinfo")
	if info == nil {
		return fmt.Errorf("no section .go.buildinfo")
	}
	content, err := info.Data()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "buildinfo.section"), content, 0o644)
}

// vars publishes one of each kind and fetches the page as a scraper would.
func vars(folder string) error {
	expvar.NewInt("orders_total").Set(9007199254740993) // 2^53 + 1
	expvar.NewFloat("ratio").Set(0.1 + 0.2)
	expvar.NewString("odd \"name\"").Set("line one\nline two <html> größe")
	routes := expvar.NewMap("requests")
	routes.Add("GET /orders/{id}", 12)
	routes.Add("POST /orders", 3)
	routes.AddFloat("seconds", 1.5)
	expvar.Publish("nested", expvar.Func(func() any {
		return map[string]any{"pool": map[string]any{"inUse": 4, "idle": 0, "names": []string{"a", "b"}}, "none": nil, "on": true}
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(l, nil)
	response, err := http.Get("http://" + l.Addr().String() + "/debug/vars")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	known := map[string]any{
		"cmdline": os.Args,
		"values": map[string]any{
			"orders_total": "9007199254740993", "ratio": 0.1 + 0.2,
			"odd \"name\"": "line one\nline two <html> größe",
			"requests":     map[string]any{"GET /orders/{id}": 12, "POST /orders": 3, "seconds": 1.5},
			"nested":       map[string]any{"pool": map[string]any{"inUse": 4, "idle": 0, "names": []string{"a", "b"}}, "none": nil, "on": true},
		},
		"goVersion": runtime.Version(),
	}
	return errorsOf(os.WriteFile(filepath.Join(folder, "vars.json"), body, 0o644), writeJSON(folder, known))
}

// sample is one line of an exposition, as the program meant it. Value is text:
// JSON has no NaN and no infinity.
type sample struct {
	Name       string            `json:"name"`
	Labels     map[string]string `json:"labels,omitempty"`
	Value      string            `json:"value"`
	TimeMillis *int64            `json:"timeMs,omitempty"`
	Exemplar   *sample           `json:"exemplar,omitempty"`
}

type family struct {
	Name    string   `json:"name"`
	Type    string   `json:"type,omitempty"`
	Help    string   `json:"help,omitempty"`
	Unit    string   `json:"unit,omitempty"`
	Samples []sample `json:"samples"`
}

func at(ms int64) *int64 { return &ms }

func families(open bool) []family {
	all := []family{
		{Name: "http_requests", Type: "counter", Help: `Requests, by "route" \ path` + "\nand code.", Samples: []sample{
			{Name: "http_requests_total", Labels: map[string]string{"route": "/orders/{id}", "code": "200"}, Value: "1027"},
			{Name: "http_requests_total", Labels: map[string]string{"route": `quote " back \ line` + "\n" + `end, {x="y"}`, "code": "500"}, Value: "3", TimeMillis: at(1790000000123)},
		}},
		{Name: "temperature_celsius", Type: "gauge", Help: "größe.", Samples: []sample{
			{Name: "temperature_celsius", Value: "-3.5"},
			{Name: "temperature_celsius", Labels: map[string]string{"kind": "none"}, Value: "NaN"},
			{Name: "temperature_celsius", Labels: map[string]string{"kind": "hot"}, Value: "+Inf"},
			{Name: "temperature_celsius", Labels: map[string]string{"kind": "cold"}, Value: "-Inf"},
			{Name: "temperature_celsius", Labels: map[string]string{"kind": "tiny"}, Value: "1.7560473e-07"},
			{Name: "temperature_celsius", Labels: map[string]string{"kind": "exact"}, Value: "9007199254740993"},
		}},
		{Name: "request_duration_seconds", Type: "histogram", Help: "How long.", Samples: histogram()},
		{Name: "rpc_duration_seconds", Type: "summary", Help: "Quantiles.", Samples: []sample{
			{Name: "rpc_duration_seconds", Labels: map[string]string{"quantile": "0.5"}, Value: "0.012"},
			{Name: "rpc_duration_seconds", Labels: map[string]string{"quantile": "0.99"}, Value: "0.5"},
			{Name: "rpc_duration_seconds_sum", Value: "17.25"},
			{Name: "rpc_duration_seconds_count", Value: "2693"},
		}},
		{Name: "go_goroutines", Type: "gauge", Help: "Number of goroutines.", Samples: []sample{
			{Name: "go_goroutines", Value: strconv.Itoa(runtime.NumGoroutine())},
		}},
		{Name: "go_info", Type: "gauge", Help: "Go.", Samples: []sample{
			{Name: "go_info", Labels: map[string]string{"version": runtime.Version()}, Value: "1"},
		}},
	}
	if open {
		all[1].Unit = "celsius"
		// All of one metric stand together: the second line is the first's.
		created := sample{Name: "http_requests_created", Value: "1790000000.5", Labels: all[0].Samples[0].Labels}
		all[0].Samples = slices.Insert(all[0].Samples, 1, created)
		all = append(all,
			family{Name: "build", Type: "info", Help: "Build.", Samples: []sample{{Name: "build_info", Labels: map[string]string{"version": "1.2.3"}, Value: "1"}}},
			family{Name: "feature", Type: "stateset", Help: "States.", Samples: []sample{
				{Name: "feature", Labels: map[string]string{"feature": "a"}, Value: "1"},
				{Name: "feature", Labels: map[string]string{"feature": "b"}, Value: "0"}}},
		)
	} else {
		all = append(all, family{Name: "no_type_at_all", Samples: []sample{{Name: "no_type_at_all", Value: "42"}}})
	}
	return append(all, runtimeGauges()...)
}

func histogram() []sample {
	samples := []sample{}
	for _, b := range []struct {
		le string
		n  int
	}{{"0.005", 10}, {"0.1", 90}, {"1.0", 99}, {"+Inf", 100}} {
		samples = append(samples, sample{Name: "request_duration_seconds_bucket", Labels: map[string]string{"le": b.le}, Value: strconv.Itoa(b.n)})
	}
	samples[1].Exemplar = &sample{Labels: map[string]string{"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}, Value: "0.067", TimeMillis: at(1790000000500)}
	return append(samples,
		sample{Name: "request_duration_seconds_sum", Value: "12.5"},
		sample{Name: "request_duration_seconds_count", Value: "100"})
}

// runtimeGauges turns every number of runtime/metrics into a gauge.
func runtimeGauges() []family {
	read := []metrics.Sample{}
	for _, d := range metrics.All() {
		if d.Kind == metrics.KindUint64 || d.Kind == metrics.KindFloat64 {
			read = append(read, metrics.Sample{Name: d.Name})
		}
	}
	metrics.Read(read)
	all := []family{}
	for _, m := range read {
		value := ""
		if m.Value.Kind() == metrics.KindUint64 {
			value = strconv.FormatUint(m.Value.Uint64(), 10)
		} else {
			value = number(m.Value.Float64())
		}
		name := "runtime" + strings.NewReplacer("/", "_", ":", "_", "-", "_").Replace(m.Name)
		all = append(all, family{Name: name, Type: "gauge", Help: m.Name, Samples: []sample{{Name: name, Value: value}}})
	}
	return all
}

func number(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "+Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func exposition(folder string, open bool) error {
	all := families(open)
	var text bytes.Buffer
	helpEscape := strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	if open {
		helpEscape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	} else {
		text.WriteString("# a comment that is neither HELP nor TYPE\n\n")
	}
	for i, f := range all {
		name := f.Name
		if !open && f.Type == "counter" {
			name += "_total"
			all[i].Name = name
		}
		if f.Help != "" {
			fmt.Fprintf(&text, "# HELP %s %s\n", name, helpEscape.Replace(f.Help))
		}
		if f.Type != "" {
			fmt.Fprintf(&text, "# TYPE %s %s\n", name, f.Type)
		}
		if f.Unit != "" {
			fmt.Fprintf(&text, "# UNIT %s %s\n", name, f.Unit)
		}
		for j := range f.Samples {
			if !open {
				f.Samples[j].Exemplar = nil
			}
			writeSample(&text, f.Samples[j], open)
		}
	}
	if open {
		text.WriteString("# EOF\n")
	}
	known := map[string]any{"families": all, "goVersion": runtime.Version()}
	return errorsOf(os.WriteFile(filepath.Join(folder, "metrics.txt"), text.Bytes(), 0o644), writeJSON(folder, known))
}

func writeSample(text *bytes.Buffer, s sample, open bool) {
	text.WriteString(s.Name)
	writeLabels(text, s.Labels)
	text.WriteString(" " + s.Value)
	writeTime(text, s.TimeMillis, open)
	if s.Exemplar != nil {
		text.WriteString(" # ")
		writeLabels(text, s.Exemplar.Labels)
		text.WriteString(" " + s.Exemplar.Value)
		writeTime(text, s.Exemplar.TimeMillis, open)
	}
	text.WriteString("\n")
}

// writeTime: milliseconds in the Prometheus format, seconds in OpenMetrics.
func writeTime(text *bytes.Buffer, ms *int64, open bool) {
	switch {
	case ms == nil:
	case open:
		fmt.Fprintf(text, " %d.%03d", *ms/1000, *ms%1000)
	default:
		fmt.Fprintf(text, " %d", *ms)
	}
}

func writeLabels(text *bytes.Buffer, labels map[string]string) {
	if len(labels) == 0 {
		return
	}
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	separator := "{"
	for _, name := range []string{"code", "feature", "kind", "le", "quantile", "route", "trace_id", "version"} {
		if value, ok := labels[name]; ok {
			fmt.Fprintf(text, `%s%s="%s"`, separator, name, escape.Replace(value))
			separator = ","
		}
	}
	text.WriteString("}")
}

func writeJSON(folder string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "truth.json"), append(text, '\n'), 0o644)
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
