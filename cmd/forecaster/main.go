// Command forecaster runs the forecaster service; see internal/forecaster.
package main

import "drover/internal/cli/service"

func main() { service.Main(service.ForecasterCommand()) }
