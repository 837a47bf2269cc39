// Command forecaster runs the forecaster service; see internal/forecaster.
package main

import "drover/internal/cli/service"

func main() {
	service.Main(service.Command("forecaster", "Keep the graph and the forecasts",
		`Fold metrics, calls and routes into a forecast for every series, the dependency
graph and the network map, and publish them tick by tick.`))
}
