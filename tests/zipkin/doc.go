// Package zipkin compares the links that Drover makes of Zipkin's spans with
// those of Zipkin's own dependency linker, on random traces with every kind of
// disorder: shared ids, lost roots, parts, circles, missing names and kinds.
//
// It needs java, javac and mvn, which fetches Zipkin's library, and two minutes:
//
//	DROVER_ZIPKIN=1 go test -v ./tests/zipkin
package zipkin
