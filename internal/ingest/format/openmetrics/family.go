package openmetrics

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"drover/internal/ingest/format"
)

// suffixes lists what the samples of each type may be called behind the
// family's name.
var suffixes = map[string][]string{
	"unknown":        {""},
	"gauge":          {""},
	"counter":        {"_total", "_created"},
	"stateset":       {""},
	"info":           {"_info"},
	"histogram":      {"_bucket", "_count", "_sum", "_created"},
	"gaugehistogram": {"_bucket", "_gcount", "_gsum"},
	"summary":        {"", "_count", "_sum", "_created"},
}

// family is the metric family being read.
type family struct {
	name    string
	kind    string // one of suffixes' keys; empty: not declared
	unit    string
	hasUnit bool
	hasHelp bool
	// started is set by the first sample: metadata must come before.
	started bool

	// group is the metric (labels without those of the type) being read, seen
	// the ones before it.
	group   []byte
	inGroup bool
	// seen and seriesSeen hold hashes: among a million metrics the odds that two
	// share one are one in thirty million.
	seen       map[uint64]struct{}
	stamp      timestamp
	hasStamp   bool
	seriesSeen map[uint64]struct{} // series at this timestamp
	buckets    buckets

	key []byte // scratch
}

// newFamily opens a family; what the one before, which may be nil, has
// allocated is used again.
func newFamily(name string, before *family) *family {
	if before == nil {
		before = &family{}
	}
	*before = family{name: name, seen: emptied(before.seen), seriesSeen: emptied(before.seriesSeen), group: before.group[:0], key: before.key[:0]}
	return before
}

// emptied empties a set. One that was large is let go: emptying it again and
// again for small sets would cost what the large one did.
func emptied(set map[uint64]struct{}) map[uint64]struct{} {
	const large = 64
	if set == nil || len(set) > large {
		return map[uint64]struct{}{}
	}
	clear(set)
	return set
}

// typ returns the declared type, "unknown" where there was none.
func (f *family) typ() string {
	if f.kind == "" {
		return "unknown"
	}
	return f.kind
}

// suffixOf returns the suffix of a sample's name where it belongs to the family.
func (f *family) suffixOf(name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, f.name)
	if !ok {
		return "", false
	}
	for _, s := range suffixes[f.typ()] {
		if s == rest {
			return s, true
		}
	}
	return "", false
}

// add checks one sample against the rules of its type and its place.
func (f *family) add(s sample, suffix string) error {
	f.started = true
	special, err := f.checkLabels(s, suffix)
	if err != nil {
		return err
	}
	if err := f.checkValue(s, suffix); err != nil {
		return err
	}
	if err := checkExemplar(s, suffix); err != nil {
		return err
	}
	if err := f.checkPlace(s, special); err != nil {
		return err
	}
	if f.histogram() {
		return f.buckets.add(s, suffix)
	}
	return nil
}

// checkExemplar checks that the sample may carry the exemplar that it has. A
// bucket covers all values up to its bound, those of lower buckets too; what is
// not a number is in the last one.
func checkExemplar(s sample, suffix string) error {
	if !s.exemplar || suffix == "_total" {
		return nil
	}
	if suffix != "_bucket" {
		return fmt.Errorf("%s: only buckets and a counter's total may carry an exemplar", s.name)
	}
	le := s.labels.Get("le")
	bound, err := strconv.ParseFloat(le, 64)
	if err == nil && !math.IsInf(bound, 1) && !(s.exemplarValue <= bound) {
		return fmt.Errorf("%s: the exemplar %v is not in the bucket up to le=%q", s.name, s.exemplarValue, le)
	}
	return nil
}

func (f *family) histogram() bool { return f.kind == "histogram" || f.kind == "gaugehistogram" }

// checkLabels checks the label that the type asks for and returns its name.
func (f *family) checkLabels(s sample, suffix string) (special string, err error) {
	switch {
	case f.histogram() && suffix == "_bucket":
		le := s.labels.Get("le")
		bound, err := strconv.ParseFloat(le, 64)
		if err != nil || !decimal(le) && le != "+Inf" || math.IsNaN(bound) {
			return "", fmt.Errorf("%s: le=%q: want a number or \"+Inf\"", s.name, le)
		}
		return "le", nil
	case f.kind == "summary" && suffix == "":
		quantile := s.labels.Get("quantile")
		q, err := strconv.ParseFloat(quantile, 64)
		if err != nil || !decimal(quantile) || !(q >= 0 && q <= 1) {
			return "", fmt.Errorf("%s: quantile=%q: want a number from 0 to 1", s.name, quantile)
		}
		return "quantile", nil
	case f.kind == "stateset":
		for _, l := range s.labels {
			if l.Name == f.name {
				return f.name, nil
			}
		}
		return "", fmt.Errorf("%s: a state set needs the label %q", s.name, f.name)
	}
	return "", nil
}

func (f *family) checkValue(s sample, suffix string) error {
	switch f.kind {
	case "stateset":
		if s.value != 0 && s.value != 1 {
			return fmt.Errorf("%s: value %v: a state is 0 or 1", s.name, s.value)
		}
	case "info":
		if s.value != 1 {
			return fmt.Errorf("%s: value %v: an info is 1", s.name, s.value)
		}
	case "summary":
		if suffix == "" && s.value < 0 {
			return fmt.Errorf("%s: value %v: a quantile can't be negative", s.name, s.value)
		}
	}
	switch suffix {
	case "_total", "_sum", "_count", "_bucket", "_gcount":
		if math.IsNaN(s.value) || s.value < 0 {
			return fmt.Errorf("%s: value %v: want a number from 0", s.name, s.value)
		}
	}
	switch suffix {
	case "_bucket", "_count", "_gcount":
		if s.value != math.Trunc(s.value) || math.IsInf(s.value, 0) {
			return fmt.Errorf("%s: value %v: want a whole number", s.name, s.value)
		}
	case "_gsum":
		if math.IsNaN(s.value) {
			return fmt.Errorf("%s: value NaN: want a number", s.name)
		}
	}
	return nil
}

// checkPlace checks that the metric's samples stand together and its
// timestamps rise. special is the label that doesn't tell metrics apart.
func (f *family) checkPlace(s sample, special string) error {
	if f.kind == "info" {
		return f.checkRepeat(s)
	}
	f.key = appendKey(f.key[:0], s.labels, special)
	if !f.inGroup || !bytes.Equal(f.key, f.group) {
		hash := xxhash.Sum64(f.key)
		if _, again := f.seen[hash]; again {
			return fmt.Errorf("%s: the samples of a metric must stand together", s.name)
		}
		if err := f.endPoint(); err != nil {
			return err
		}
		f.group = append(f.group[:0], f.key...)
		f.seen[hash] = struct{}{}
		f.inGroup, f.hasStamp, f.stamp = true, s.hasStamp, s.stamp
		f.seriesSeen = emptied(f.seriesSeen)
		return f.checkRepeat(s)
	}
	if s.hasStamp != f.hasStamp {
		return fmt.Errorf("%s: some samples of a metric have timestamps and some have none", s.name)
	}
	if s.stamp.before(f.stamp) {
		return fmt.Errorf("%s: timestamps go backwards", s.name)
	}
	if f.stamp.before(s.stamp) {
		if err := f.endPoint(); err != nil {
			return err
		}
		f.stamp = s.stamp
		f.seriesSeen = emptied(f.seriesSeen)
	}
	return f.checkRepeat(s)
}

// checkRepeat refuses a series that comes twice without timestamps to tell the
// samples apart.
func (f *family) checkRepeat(s sample) error {
	if s.hasStamp {
		return nil
	}
	f.key = append(f.key[:0], s.name...)
	f.key = appendKey(append(f.key, 0xff), s.labels, "")
	hash := xxhash.Sum64(f.key)
	if _, again := f.seriesSeen[hash]; again {
		return fmt.Errorf("%s: the same series comes twice without timestamps", s.name)
	}
	f.seriesSeen[hash] = struct{}{}
	return nil
}

// endPoint checks what can only be said once all samples of a metric at one
// time have been read.
func (f *family) endPoint() error {
	if !f.inGroup || !f.histogram() {
		return nil
	}
	err := f.buckets.check(f.name)
	f.buckets = buckets{}
	return err
}

// end checks the whole family.
func (f *family) end() error {
	if f.unit != "" && !strings.HasSuffix(f.name, "_"+f.unit) {
		return fmt.Errorf("%s: the name does not end in its unit _%s", f.name, f.unit)
	}
	if f.unit != "" && (f.kind == "info" || f.kind == "stateset") {
		return fmt.Errorf("%s: type %s can't have a unit", f.name, f.kind)
	}
	return f.endPoint()
}

// appendKey appends the labels, but for one, in an order of their own.
func appendKey(key []byte, ls format.Labels, without string) []byte {
	sorted := true
	for i := 1; i < len(ls); i++ {
		if ls[i].Name < ls[i-1].Name {
			sorted = false
		}
	}
	if !sorted {
		ls = append(format.Labels(nil), ls...)
		ls.Sort()
	}
	for _, l := range ls {
		if l.Name == without {
			continue
		}
		key = append(key, l.Name...)
		key = append(key, 0xff)
		key = append(key, l.Value...)
		key = append(key, 0xff)
	}
	return key
}
