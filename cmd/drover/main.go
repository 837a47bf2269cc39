// Command drover is the operator's command: it runs the whole pipeline in one
// process, asks it questions, and does from files what the services do from
// topics.
package main

import "drover/internal/cli"

func main() { cli.Main(newRootCommand()) }
