// Package replay feeds recorded days through the pipeline as events: what a
// fleet's producers would have sent, in the order of event time, with a
// heartbeat after each interval. It resumes behind the last heartbeat that is in
// the topics already, so that it can be killed and started again.
package replay
