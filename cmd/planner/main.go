// Command planner runs the planner service; see internal/planner.
package main

import "drover/internal/cli/service"

func main() { service.Main(service.PlannerCommand()) }
