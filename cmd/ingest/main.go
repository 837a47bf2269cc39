// Command ingest runs the ingest service; see internal/ingest.
package main

import "drover/internal/cli/service"

func main() { service.Main(service.IngestCommand()) }
