// Package api is Drover's HTTP API under /api/v1: one table of routes, each
// with its role, its limits and the types it takes and gives. The OpenAPI
// document is made from the table, so that neither can say what the other does
// not do.
//
// Reads come from the read model. Orders become events on the topic control,
// after an event on the topic audit has said who gave them.
package api
