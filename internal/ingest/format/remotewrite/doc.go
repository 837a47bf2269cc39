// Package remotewrite reads the bodies of Prometheus remote write, versions 1.0
// and 2.0: protobuf in snappy's block format.
//
// Sources: the remote write specifications 1.0 and 2.0
// (https://prometheus.io/docs/specs/prw/). The messages are walked field by
// field with protowire instead of being decoded into objects, so that a body
// costs little more memory than its bytes. A series that breaks the rules (no
// name, a label that comes twice, no UTF-8) is refused and the others are read.
package remotewrite
