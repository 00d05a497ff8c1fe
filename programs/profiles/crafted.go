package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
)

// The runtime never writes most of what the format allows. This profile, made
// field by field after google/pprof's profile.proto, has it: numeric labels
// with and without units, several lines per location, several mappings, ids
// and values beyond 2^53, negative values, comments, drop and keep frames, a
// default type, a documentation URL, packed and unpacked lists, unknown fields.

type message struct{ bytes.Buffer }

func (m *message) varint(v uint64) {
	for v >= 0x80 {
		m.WriteByte(byte(v) | 0x80)
		v >>= 7
	}
	m.WriteByte(byte(v))
}

func (m *message) number(field int, v uint64) {
	m.varint(uint64(field) << 3)
	m.varint(v)
}

func (m *message) block(field int, content []byte) {
	m.varint(uint64(field)<<3 | 2)
	m.varint(uint64(len(content)))
	m.Write(content)
}

func (m *message) packed(field int, all ...uint64) {
	var list message
	for _, v := range all {
		list.varint(v)
	}
	m.block(field, list.Bytes())
}

// sub writes a message of fields; odd ones are left out when they are zero, as
// proto3 does.
func (m *message) sub(field int, numbers map[int]uint64, more ...func(*message)) {
	var inner message
	for f := 1; f < 20; f++ {
		if v := numbers[f]; v != 0 {
			inner.number(f, v)
		}
	}
	for _, add := range more {
		add(&inner)
	}
	m.block(field, inner.Bytes())
}

const (
	bigID    = 1<<63 + 11
	bigValue = 1<<53 + 1
)

func craft() []byte {
	texts := []string{""}
	at := map[string]uint64{"": 0}
	str := func(s string) uint64 {
		if _, ok := at[s]; !ok {
			at[s] = uint64(len(texts))
			texts = append(texts, s)
		}
		return at[s]
	}
	negative := func(v int64) uint64 { return uint64(v) }

	var p message
	p.sub(1, map[int]uint64{1: str("requests"), 2: str("count")})
	p.sub(1, map[int]uint64{1: str("latency"), 2: str("nanoseconds")})
	p.sub(1, map[int]uint64{1: str("bytes_odd"), 2: str("kibibytes")})

	label := func(numbers map[int]uint64) func(*message) {
		return func(m *message) { m.sub(3, numbers) }
	}
	// Leaf first: location ids, then values; packed, as modern writers do.
	p.sub(2, nil, func(m *message) {
		m.packed(1, 1, 2, bigID)
		m.packed(2, 10, 1500, 3)
		label(map[int]uint64{1: str("route"), 2: str("/checkout")})(m)
		label(map[int]uint64{1: str("size"), 3: 4096, 4: str("bytes")})(m)
		label(map[int]uint64{1: str("attempt"), 3: 2})(m)
	})
	// One varint per element, as writers of old did.
	p.sub(2, nil, func(m *message) {
		m.number(1, 2)
		m.number(1, bigID)
		m.number(2, bigValue)
		m.number(2, negative(-7))
		m.number(2, 0)
		label(map[int]uint64{1: str("route"), 2: str("/größe \"q\" {x}")})(m)
		label(map[int]uint64{1: str("size"), 3: negative(-1), 4: str("bytes")})(m)
		label(map[int]uint64{1: str("wait"), 3: 250, 4: str("milliseconds")})(m)
	})
	// No location at all, and the same key twice.
	p.sub(2, nil, func(m *message) {
		m.packed(2, 1, 1, 1)
		label(map[int]uint64{1: str("route"), 2: str("/a")})(m)
		label(map[int]uint64{1: str("route"), 2: str("/b")})(m)
		label(map[int]uint64{1: str("size"), 3: 1, 4: str("bytes")})(m)
		label(map[int]uint64{1: str("size"), 3: 2, 4: str("bytes")})(m)
	})
	// The same stack and labels as the first: two samples, not one.
	p.sub(2, nil, func(m *message) {
		m.packed(1, 1, 2, bigID)
		m.packed(2, 1, 100, 0)
	})

	p.sub(3, map[int]uint64{1: 1, 2: 0x400000, 3: 0x500000, 4: 0x1000, 5: str("/srv/app/orders"), 6: str("deadbeef"), 7: 1, 8: 1, 9: 1, 10: 1})
	p.sub(3, map[int]uint64{1: 2, 2: 0x7f0000000000, 3: 0x7f0000200000, 5: str("/lib/libc.so.6"), 6: str("0123")})

	line := func(function, number, column uint64) func(*message) {
		return func(m *message) { m.sub(4, map[int]uint64{1: function, 2: number, 3: column}) }
	}
	p.sub(4, map[int]uint64{1: 1, 2: 1, 3: 0x401234}, line(1, 10, 3), line(2, 20, 0), line(3, 30, 7))
	p.sub(4, map[int]uint64{1: 2, 2: 2, 3: 0x7f0000001000, 5: 1}, line(4, 0, 0))
	p.sub(4, map[int]uint64{1: bigID, 2: 1, 3: 0x402000}, line(5, 1<<31+5, 0))

	p.sub(5, map[int]uint64{1: 1, 2: str("main.hash"), 3: str("main.hash"), 4: str("/srv/src/hash.go"), 5: 9})
	p.sub(5, map[int]uint64{1: 2, 2: str("main.mix"), 3: str("main.mix"), 4: str("/srv/src/hash.go"), 5: 18})
	p.sub(5, map[int]uint64{1: 3, 2: str("main.(*Server).checkout"), 3: str("main.(*Server).checkout"), 4: str("/srv/src/my app.go"), 5: 25})
	p.sub(5, map[int]uint64{1: 4, 2: str("memcpy"), 3: str("_Z6memcpyPvPKvm"), 4: 0})
	p.sub(5, map[int]uint64{1: 5, 2: str("main.Box[...].Take"), 3: str("main.Box[go.shape.int].Take"), 4: str("/srv/src/box.go")})

	p.number(7, str("runtime\\..*"))
	p.number(8, str("runtime\\.keep"))
	p.number(9, 1790000000000000001)
	p.number(10, 3000000000)
	p.sub(11, map[int]uint64{1: str("requests"), 2: str("count")})
	p.number(12, 1)
	p.packed(13, str("first comment"), str("second comment: größe"))
	p.number(14, str("latency"))
	p.number(15, str("https://example.com/doc"))
	// Fields of a future version: to be skipped, whatever their wire type.
	p.number(99, 7)
	p.block(98, []byte("unknown"))
	p.varint(97<<3 | 1)
	p.Write(make([]byte, 8))
	p.varint(96<<3 | 5)
	p.Write(make([]byte, 4))
	for _, s := range texts {
		p.block(6, []byte(s))
	}
	return p.Bytes()
}

func craftedTruth() truth {
	return truth{SampleTypes: []string{"requests/count", "latency/nanoseconds", "bytes_odd/kibibytes"}, Sites: []site{
		{Function: "main.hash", Values: []int64{11, 1600, 3}},
		{Function: "main.(*Server).checkout", Values: []int64{11, 1600, 3}},
		{Function: "memcpy", Values: []int64{bigValue + 11, 1593, 3}},
	}}
}

func craftedPlain(folder string) (truth, error) {
	return craftedTruth(), os.WriteFile(filepath.Join(folder, "profile.pb"), craft(), 0o644)
}

func crafted(folder string) (truth, error) {
	return craftedTruth(), writeGzip(folder, craft())
}

// empty is valid: it has a type, and no sample.
func empty(folder string) (truth, error) {
	var p message
	p.sub(1, map[int]uint64{1: 1, 2: 2})
	for _, s := range []string{"", "contentions", "count"} {
		p.block(6, []byte(s))
	}
	return truth{SampleTypes: []string{"contentions/count"}, Sites: []site{}}, writeGzip(folder, p.Bytes())
}

func writeGzip(folder string, content []byte) error {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(content); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "profile.pb.gz"), packed.Bytes(), 0o644)
}
