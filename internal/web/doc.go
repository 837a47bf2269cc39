// Package web is the operator's window: it folds the topics into a read model
// and serves it as JSON and as a page. It decides nothing and writes nothing
// but orders, which go through the same topics as everyone's.
package web
