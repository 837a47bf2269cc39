// Command executor runs the executor service; see internal/executor.
package main

import "drover/internal/cli/service"

func main() { service.Main(service.ExecutorCommand()) }
