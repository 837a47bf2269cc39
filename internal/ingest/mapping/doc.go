// Package mapping turns samples under their producer's names into the model's
// metrics: metric name and labels -> (entity, resource, unit).
//
// A mapping file (YAML) lists outputs. Each output says which entity and
// resource it measures and which series add up to it:
//
//	name: node_exporter
//	outputs:
//	  - entity: server:{instance|host}
//	    resource: cpu            # cpu, memory, receive, transmit, disk
//	    kind: counter            # gauge (the default) or counter
//	    terms:
//	      - metric: node_cpu_seconds_total
//	        unless: {mode: idle|iowait}   # whole-value regular expressions
//	        scale: 1000                   # seconds to millicore-seconds
//
// The terms of an output are added up per entity and time; an output whose
// terms have not all been seen is left out. Templates take a label in braces,
// with |host (without a port), |app (the application of a pod) or |workload
// (replica:NAME/N of a numbered pod, else app:NAME). A series of which a label
// in the template is missing is not this output's.
//
// Units: values are brought to bytes and seconds by the unit the producer
// declares (OpenTelemetry), then multiplied by scale. Counters stay counters;
// OpenTelemetry's delta sums become rates, being the only thing they can be.
//
// Files shipped in shipped/ cover node_exporter, cAdvisor and the kubelet,
// windows_exporter and OpenTelemetry's semantic conventions. Neighbours: the
// parsers of metric formats before it, the doors and the service after it.
package mapping
