package format

import (
	"time"

	"drover/internal/model"
)

// Options say what a parser can't know from the bytes.
type Options struct {
	// Fleet is written into every event.
	Fleet model.FleetID
	// Producer names the sender where the input doesn't name one.
	Producer string
	// Server is the server that measured, where the input doesn't say.
	Server model.ServerID
	// At stands in for the time of records that carry none; zero leaves such
	// records at time zero.
	At model.Instant
	// Precision is the unit of bare timestamps where the sender said so; zero lets
	// their size decide.
	Precision time.Duration
	// From and Until bound the occurrences of calendar events ([From, Until));
	// zero Until means each parser's stated default.
	From, Until model.Instant
	// Zone is where calendar days without a zone begin and end; nil means what the
	// calendar says of itself, else UTC.
	Zone *time.Location
	// Lookup resolves ${NAME} in manifests; nil leaves names unresolved.
	Lookup func(name string) (string, bool)
}

// Out collects what a parser reads: events go on to the caller at once,
// records and refusals are counted.
type Out struct {
	emit func(event any)
	// Records counts the input records that were read.
	Records int
	// Rejected counts the input records that could not be read.
	Rejected int
	// First is the reason of the first refusal.
	First error
	// Notes say what was read and means nothing, such as a zone without servers;
	// at most mostNotes.
	Notes []string
}

// mostNotes is more than anybody reads of one document.
const mostNotes = 20

// NewOut returns a collector that hands each event to emit; emit may be nil. An
// event that is a *Point is only valid until emit returns.
func NewOut(emit func(event any)) *Out { return &Out{emit: emit} }

// Wanted tells whether anybody takes the events; where nobody does, a parser
// may check a record without making its events.
func (o *Out) Wanted() bool { return o.emit != nil }

// Read counts one input record as read.
func (o *Out) Read() { o.Records++ }

// Emit hands one event on.
func (o *Out) Emit(event any) {
	if o.emit != nil {
		o.emit(event)
	}
}

// Record counts one input record as read and hands its event on.
func (o *Out) Record(event any) {
	o.Records++
	o.Emit(event)
}

// Reject counts one input record as refused.
func (o *Out) Reject(err error) {
	o.Rejected++
	if o.First == nil {
		o.First = err
	}
}

// Note says something of the input that is no fault.
func (o *Out) Note(text string) {
	if len(o.Notes) < mostNotes {
		o.Notes = append(o.Notes, text)
	}
}

// hopeless is how many refusals make a document not worth reading on.
const hopeless = 50_000

// GaveUp tells parsers to stop: more records than hopeless have been refused,
// and most of all that came. Such input is not in the format it is taken for.
func (o *Out) GaveUp() bool { return o.Rejected >= hopeless && o.Rejected > o.Records }

// OK tells whether every record was read.
func (o *Out) OK() bool { return o.Rejected == 0 }

// Parser reads one document. Everything it finds, faults included, goes to out.
type Parser func(data []byte, opt Options, out *Out)
