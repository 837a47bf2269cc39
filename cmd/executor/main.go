// Command executor runs the executor service; see internal/executor.
package main

import "drover/internal/cli/service"

func main() {
	service.Main(service.Command("executor", "Carry plans out and undo what fails",
		`Run plans as sagas: an intent is written before anything is done, its outcome
afterwards, and a failure is compensated in reverse order.`))
}
