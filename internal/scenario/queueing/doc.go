// Package queueing predicts response times of requests on servers: laws, not
// only means, since promises are made about percentiles.
//
//   - MMc is the first come first served queue with c cores and exponential
//     service times; its response law is exact.
//   - Shared is a server whose cores are shared by everything that runs there,
//     each request on at most one core. Its mean is exact for every service law;
//     its percentiles follow from the measured or given law (see Sharing).
//   - Dist is a response time on a grid. Stages of a call chain are convolved,
//     parallel branches take the maximum; percentiles are never added.
//
// A server at or above MaxUtilisation has no answer here: callers flag it.
// Times are in seconds. The package is pure and knows nothing of fleets.
package queueing
