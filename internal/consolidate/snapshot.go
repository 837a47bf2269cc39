package consolidate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// snapshotVersion is raised whenever the layout of a snapshot changes.
const snapshotVersion = 2

// AppendBinary appends the policy's whole state to b. A policy of the same
// Config that is restored from it decides the same from then on, bit for bit.
// It implements encoding.BinaryAppender and never fails.
func (p *Policy) AppendBinary(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, snapshotVersion)
	b = binary.AppendVarint(b, int64(p.tick))
	b = binary.AppendUvarint(b, uint64(len(p.vms)))
	b = binary.AppendUvarint(b, uint64(len(p.cfg.Hosts)))
	b = binary.AppendUvarint(b, uint64(p.budget.ticks))
	for _, x := range p.scalars() {
		b = appendFloat(b, *x)
	}
	for v := range p.vms {
		b = binary.AppendVarint(b, int64(p.at[v]))
		b = binary.AppendVarint(b, int64(p.before[v]))
		b = appendFloat(b, p.last[v])
		for _, x := range p.vms[v].fields() {
			b = appendFloat(b, *x)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(p.errors.rows)))
	for _, row := range p.errors.rows {
		for _, x := range row {
			b = append(b, byte(x))
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli)), nil
}

// castagnoli checks snapshots: a damaged one must not become a strange state.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// scalars lists the state's numbers that are not kept per VM.
func (p *Policy) scalars() [8]*float64 {
	return [8]*float64{&p.budget.demanded, &p.budget.unserved, &p.budget.latest,
		&p.trend.once, &p.trend.onceWeight, &p.trend.twice, &p.trend.twiceWeight, &p.trend.ticks}
}

// fields lists an estimator's numbers.
func (d *demand) fields() []*float64 {
	all := []*float64{&d.seen, &d.burst, &d.burstWeight, &d.spread, &d.spreadWeight, &d.third, &d.mean}
	for i := range meanCount {
		all = append(all, &d.level.sum[i], &d.level.weight[i], &d.level.miss[i])
	}
	return all
}

func appendFloat(b []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
}

var errShort = errors.New("snapshot ends early")

// UnmarshalBinary restores a state from AppendBinary; the policy must have been
// made by New with the same Config. On an error the policy is unchanged.
func (p *Policy) UnmarshalBinary(data []byte) error {
	body := len(data) - crc32.Size
	if body < 1 || data[0] != snapshotVersion {
		return fmt.Errorf("consolidate: not a snapshot of version %d", snapshotVersion)
	}
	if crc32.Checksum(data[:body], castagnoli) != binary.LittleEndian.Uint32(data[body:]) {
		return errors.New("consolidate: snapshot is damaged: its checksum does not match")
	}
	r := snapshotReader{data: data[1:body]}
	next := Policy{tick: int(r.varint()), vms: make([]demand, len(p.vms)), at: make([]int, len(p.vms)), before: make([]int, len(p.vms)), last: make([]float64, len(p.vms)), errors: newErrorHistory(len(p.vms))}
	if n, h := r.uvarint(), r.uvarint(); r.err == nil && (n != uint64(len(p.vms)) || h != uint64(len(p.cfg.Hosts))) {
		return fmt.Errorf("consolidate: snapshot of %d VMs on %d hosts, the fleet has %d on %d", n, h, len(p.vms), len(p.cfg.Hosts))
	}
	next.budget.ticks = int(r.uvarint())
	for _, x := range next.scalars() {
		*x = r.float()
	}
	for v := range next.vms {
		next.at[v], next.before[v] = r.host(len(p.cfg.Hosts)), r.host(len(p.cfg.Hosts))
		next.last[v] = r.float()
		for _, x := range next.vms[v].fields() {
			*x = r.float()
		}
	}
	r.errorRows(next.errors)
	switch {
	case r.err != nil:
		return fmt.Errorf("consolidate: %w", r.err)
	case len(r.data) > 0:
		return fmt.Errorf("consolidate: %d bytes after the snapshot", len(r.data))
	}
	p.tick, p.vms, p.at, p.before, p.last = next.tick, next.vms, next.at, next.before, next.last
	p.budget, p.trend, p.errors = next.budget, next.trend, next.errors
	return nil
}

// snapshotReader keeps the first error and answers zero after it.
type snapshotReader struct {
	data []byte
	err  error
}

func (r *snapshotReader) took(n int) {
	if n <= 0 {
		r.err = errShort
		r.data = nil
		return
	}
	r.data = r.data[n:]
}

func (r *snapshotReader) varint() int64 {
	x, n := binary.Varint(r.data)
	r.took(n)
	return x
}

func (r *snapshotReader) uvarint() uint64 {
	x, n := binary.Uvarint(r.data)
	r.took(n)
	return x
}

func (r *snapshotReader) host(hosts int) int {
	h := r.varint()
	if h < -1 || h >= int64(hosts) {
		if r.err == nil {
			r.err = fmt.Errorf("snapshot places a VM on host %d of %d", h, hosts)
		}
		return -1
	}
	return int(h)
}

// errorRows reads a history of errors into an empty one.
func (r *snapshotReader) errorRows(e *errorHistory) {
	count := r.uvarint()
	if count > errorMemory || uint64(len(r.data)) < count*uint64(e.vms) || count > 0 && e.sums == nil {
		r.took(0)
		return
	}
	for range count {
		row := make([]int8, e.vms)
		for v := range row {
			row[v] = int8(r.data[v])
		}
		r.data = r.data[e.vms:]
		e.addRow(row)
	}
}

func (r *snapshotReader) float() float64 {
	if len(r.data) < 8 {
		r.took(0)
		return 0
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(r.data))
	r.data = r.data[8:]
	if math.IsNaN(x) || math.IsInf(x, 0) {
		if r.err == nil {
			r.err = errors.New("snapshot holds a number that is not finite")
		}
		return 0
	}
	return x
}
