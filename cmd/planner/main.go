// Command planner runs the planner service; see internal/planner.
package main

import "drover/internal/cli/service"

func main() {
	service.Main(service.Command("planner", "Decide what moves, where to and when",
		`Fold forecasts, graph, metadata, calendar and outcomes into what is known of each
fleet, try what-if futures and publish decisions and plans.`))
}
