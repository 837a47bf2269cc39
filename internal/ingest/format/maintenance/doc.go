// Package maintenance reads the notices of planned maintenance of clouds.
//
// AWS: `aws ec2 describe-instance-status` (whole answer or its events), the
// instance metadata service's events/maintenance/scheduled, and AWS Health
// events. Azure: the scheduled events of the instance metadata service.
//
// A notice of a machine's own metadata service doesn't name the machine:
// options' Server stands in. Where no end is given, the window is taken to be as
// long as the kind of work usually is.
package maintenance
