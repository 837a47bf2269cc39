package api

import (
	"drover/internal/web/access"
	"drover/internal/web/readmodel"
)

// Class says which limits hold for a route.
type Class uint8

// The classes.
const (
	Read     Class = iota // 50 a second, 200 at once; 10 s each
	Change                // 5 a second, 20 at once; 10 s each
	Question              // one every two seconds, 5 at once; 60 s each
	Stream                // as reads, but open until the reader goes
)

// Route is one operation.
type Route struct {
	Method, Path string
	Name         string // operation id
	Role         access.Role
	Class        Class
	Summary      string
	Query        []Parameter
	// Body and Answer are zero values of the types taken and given; nil: none.
	Body, Answer any
	Status       int // of success; 0: 200
	// Sections are those of the read model that the answer is made of; where they
	// are given the answer has an ETag and is kept until one of them changes.
	Sections []readmodel.Section
	handle   func(*Server, *call) (any, error)
}

// Parameter is one query parameter.
type Parameter struct{ Name, Help string }

const base = "/api/v1"

var (
	paramAt    = Parameter{"at", "A past time, RFC 3339: the answer is as it was then."}
	paramLimit = Parameter{"limit", "How many at most (1 to 1000; default 100)."}
	paramAfter = Parameter{"after", "Go on behind this cursor: `next` of the answer before."}
	paramQuery = Parameter{"q", "Only what holds this text."}
	paramZone  = Parameter{"zone", "Only this zone."}
	entity     = []Parameter{{"entity", "For example `server:s01`, `app:web`, `replica:web/0`."}, {"resource", "cpu (default), memory, receive, transmit or disk."}}
)

// Routes returns the table of all operations.
func Routes() []Route {
	return append(append(reads(), lists()...), changes()...)
}

func reads() []Route {
	now := []readmodel.Section{readmodel.Servers, readmodel.Applications, readmodel.Forecasts, readmodel.Plans, readmodel.Orders, readmodel.Calendar}
	fleet := base + "/fleets/{fleet}"
	return []Route{
		{Method: "GET", Path: base + "/openapi.json", Name: "openapi", Role: access.Public, Summary: "This description.", handle: (*Server).openapi},
		{Method: "GET", Path: base + "/me", Name: "me", Role: access.Viewer, Summary: "Who you are here and what you may do.", Answer: Me{}, handle: (*Server).me},
		{Method: "GET", Path: base + "/fleets", Name: "fleets", Role: access.Viewer, Summary: "The fleets you may see.", Answer: Page[Fleet]{}, handle: (*Server).fleets},
		{Method: "GET", Path: fleet, Name: "fleet", Role: access.Viewer, Summary: "A fleet in short: how much there is, what is expected, what is under way.", Answer: Fleet{}, handle: (*Server).fleet},
		{Method: "GET", Path: fleet + "/servers/{server}", Name: "server", Role: access.Viewer, Summary: "One server, now and ahead.", Query: []Parameter{paramAt}, Answer: Host{}, Sections: now, handle: (*Server).server},
		{Method: "GET", Path: fleet + "/applications/{application}", Name: "application", Role: access.Viewer, Summary: "One application: its promises and their margins, neighbours, and who is hit when it fails.", Query: []Parameter{paramAt}, Answer: Application{}, Sections: append(now, readmodel.Graph, readmodel.Evaluations), handle: (*Server).application},
		{Method: "GET", Path: fleet + "/heat", Name: "heat", Role: access.Viewer, Summary: "Load of every server over time, from the past into the forecasts' reach, as columns.", Query: []Parameter{{"resource", "cpu (default) or memory."}, paramAt, {"hours", "Hours of the past (1 to 48; default 6)."}}, Answer: Heat{}, Sections: now, handle: (*Server).heat},
		{Method: "GET", Path: fleet + "/graph", Name: "graph", Role: access.Viewer, Summary: "The whole dependency graph, as columns.", Query: []Parameter{paramAt}, Answer: Graph{}, Sections: []readmodel.Section{readmodel.Graph, readmodel.Applications, readmodel.Plans}, handle: (*Server).graph},
		{Method: "GET", Path: fleet + "/series", Name: "series", Role: access.Viewer, Summary: "What was measured of one resource of one entity.", Query: append([]Parameter{{"hours", "Hours back from now or `at` (1 to 336; default 24)."}, paramAt}, entity...), Answer: Series{}, handle: (*Server).series},
		{Method: "GET", Path: fleet + "/forecast", Name: "forecast", Role: access.Viewer, Summary: "What is expected of one resource of one entity, beside its history, its accuracy and the calendar.", Query: append([]Parameter{{"hours", "Hours of history (1 to 336; default 24)."}, paramAt}, entity...), Answer: Forecast{}, handle: (*Server).forecast},
		{Method: "GET", Path: fleet + "/evaluations/{tick}", Name: "evaluation", Role: access.Viewer, Summary: "One decision with its scenarios.", Answer: Evaluation{}, handle: (*Server).evaluation},
		{Method: "GET", Path: fleet + "/plans/{plan}", Name: "plan", Role: access.Viewer, Summary: "One plan with the reason of every move and how far it is.", Query: []Parameter{paramAt}, Answer: Plan{}, handle: (*Server).plan},
		{Method: "GET", Path: fleet + "/executions/{plan}", Name: "execution", Role: access.Viewer, Summary: "What was done for a plan: every step with its times, for a Gantt chart.", Query: []Parameter{paramAt}, Answer: Execution{}, handle: (*Server).execution},
		{Method: "GET", Path: fleet + "/deadletters/{topic}/{partition}/{offset}", Name: "deadletter", Role: access.Operator, Summary: "One record that could not be read: where it stood, why, and its bytes.", Answer: DeadLetter{}, Sections: []readmodel.Section{readmodel.Letters}, handle: (*Server).deadletter},
		{Method: "GET", Path: base + "/events", Name: "events", Role: access.Viewer, Class: Stream, Summary: "Server-sent events: `change` (which sections have new versions), `line` (what happened, in words). Send Last-Event-ID to go on.", Query: []Parameter{{"fleet", "The fleet; needed."}}, handle: (*Server).events},
	}
}

func lists() []Route {
	now := []readmodel.Section{readmodel.Servers, readmodel.Applications, readmodel.Forecasts, readmodel.Plans, readmodel.Orders, readmodel.Calendar}
	fleet := base + "/fleets/{fleet}"
	page := func(more ...Parameter) []Parameter { return append(more, paramLimit, paramAfter) }
	return []Route{
		{Method: "GET", Path: fleet + "/servers", Name: "servers", Role: access.Viewer, Summary: "The servers, now and ahead.", Query: page(paramQuery, paramZone, paramAt), Answer: Page[Host]{}, Sections: now, handle: (*Server).servers},
		{Method: "GET", Path: fleet + "/applications", Name: "applications", Role: access.Viewer, Summary: "The applications and their tightest promises.", Query: page(paramQuery, paramAt), Answer: Page[ApplicationRow]{}, Sections: append(now, readmodel.Evaluations), handle: (*Server).applications},
		{Method: "GET", Path: fleet + "/outlook", Name: "outlook", Role: access.Viewer, Summary: "The servers that will be tight: when, how much, how sure. The surest come first.", Query: page(paramAt), Answer: Page[Tight]{}, Sections: now, handle: (*Server).outlook},
		{Method: "GET", Path: fleet + "/edges", Name: "edges", Role: access.Viewer, Summary: "The dependencies, the busiest first.", Query: page(paramQuery, paramAt), Answer: Page[Edge]{}, Sections: []readmodel.Section{readmodel.Graph}, handle: (*Server).edges},
		{Method: "GET", Path: fleet + "/network", Name: "network", Role: access.Viewer, Summary: "The network map: round trips, loss and bandwidth between servers.", Query: page(paramQuery), Answer: Page[Link]{}, Sections: []readmodel.Section{readmodel.Network}, handle: (*Server).network},
		{Method: "GET", Path: fleet + "/forecasts", Name: "forecasts", Role: access.Viewer, Summary: "All forecasts with their accuracy.", Query: page(paramQuery, Parameter{"resource", "Only this resource."}), Answer: Page[ForecastRow]{}, Sections: []readmodel.Section{readmodel.Forecasts}, handle: (*Server).forecasts},
		{Method: "GET", Path: fleet + "/margins", Name: "margins", Role: access.Viewer, Summary: "How far the promises are from being broken, in the futures of the last decision; the tightest first.", Query: page(paramQuery, paramAt), Answer: Page[Margin]{}, Sections: []readmodel.Section{readmodel.Evaluations}, handle: (*Server).margins},
		{Method: "GET", Path: fleet + "/evaluations", Name: "evaluations", Role: access.Viewer, Summary: "The decisions, the newest first.", Query: page(paramAt), Answer: Page[EvaluationRow]{}, Sections: []readmodel.Section{readmodel.Evaluations}, handle: (*Server).evaluations},
		{Method: "GET", Path: fleet + "/plans", Name: "plans", Role: access.Viewer, Summary: "The plans, the newest first.", Query: page(Parameter{"state", "Only plans in this state; `waiting`: those that a person has to decide on."}, paramAt), Answer: Page[PlanRow]{}, Sections: []readmodel.Section{readmodel.Plans, readmodel.Orders}, handle: (*Server).plans},
		{Method: "GET", Path: fleet + "/executions", Name: "executions", Role: access.Viewer, Summary: "What is being done and was done, the newest first.", Query: page(paramAt), Answer: Page[ExecutionRow]{}, Sections: []readmodel.Section{readmodel.Plans, readmodel.Orders}, handle: (*Server).executions},
		{Method: "GET", Path: fleet + "/updates", Name: "updates", Role: access.Viewer, Summary: "How the announced and ordered server updates stand, by roll.", Query: page(paramQuery, paramAt), Answer: Page[ServerUpdate]{}, Sections: []readmodel.Section{readmodel.Evaluations, readmodel.Orders}, handle: (*Server).updates},
		{Method: "GET", Path: fleet + "/calendar", Name: "calendar", Role: access.Viewer, Summary: "Campaigns, holidays and maintenance, by their start.", Query: page(), Answer: Page[Event]{}, Sections: []readmodel.Section{readmodel.Calendar}, handle: (*Server).calendar},
		{Method: "GET", Path: fleet + "/log", Name: "log", Role: access.Viewer, Summary: "What happened, in words, the newest first.", Query: page(paramQuery, paramAt), Answer: Page[Line]{}, handle: (*Server).log},
		{Method: "GET", Path: fleet + "/deadletters", Name: "deadletters", Role: access.Operator, Summary: "Records that could not be read, the newest first.", Query: page(paramQuery), Answer: Page[DeadLetter]{}, Sections: []readmodel.Section{readmodel.Letters}, handle: (*Server).deadletters},
		{Method: "GET", Path: fleet + "/audit", Name: "audit", Role: access.Operator, Summary: "Who changed what, the newest first.", Query: page(paramQuery), Answer: Page[Audit]{}, Sections: []readmodel.Section{readmodel.Audits}, handle: (*Server).audit},
	}
}

func changes() []Route {
	fleet := base + "/fleets/{fleet}"
	plan := fleet + "/plans/{plan}"
	order := func(path, name string, role access.Role, summary string) Route {
		return Route{Method: "POST", Path: path, Name: name, Role: role, Class: Change, Summary: summary, Body: Order{}, Answer: Ordered{}, Status: 202, handle: (*Server).order}
	}
	letters := func(path, name string, role access.Role, summary string) Route {
		return Route{Method: "POST", Path: path, Name: name, Role: role, Class: Change, Summary: summary, Body: LetterOrder{}, Answer: LettersDone{}, handle: (*Server).dealWithLetters}
	}
	change := func(action, name, summary string) Route {
		return Route{Method: "POST", Path: fleet + "/updates/{roll}/" + action, Name: name, Role: access.Approver, Class: Change, Summary: summary, Body: Order{}, Answer: Ordered{}, Status: 202, handle: (*Server).changeUpdate}
	}
	return []Route{
		{Method: "POST", Path: fleet + "/updates", Name: "update", Role: access.Approver, Class: Change, Summary: "Order servers to be updated one after the other: emptied where it costs least, handed to the hook, taken back; the first that fails stops the others.", Body: UpdateOrder{}, Answer: Ordered{}, Status: 202, handle: (*Server).orderUpdate},
		change("cancel", "cancelUpdate", "Call an update order off: what has not begun is not done, servers whose update failed come back into use."),
		change("retry", "retryUpdate", "Let an update order that a failure has stopped go on, with the failed server first."),
		order(plan+"/approve", "approve", access.Approver, "Let a plan run, or its first `waves` only."),
		order(plan+"/reject", "reject", access.Approver, "Refuse a plan; one that runs finishes its moves under way and starts no more."),
		order(plan+"/pause", "pause", access.Operator, "Let a plan's moves stop at their next step; compensations go on."),
		order(plan+"/resume", "resume", access.Operator, "Let a paused plan go on."),
		order(plan+"/stop", "stop", access.Operator, "End a plan: `finish` moves under way, `compensate` everything, or `leave` it as it is."),
		order(fleet+"/pause", "pauseFleet", access.Operator, "Pause all plans of the fleet."),
		order(fleet+"/resume", "resumeFleet", access.Operator, "Let all plans of the fleet go on."),
		order(fleet+"/stop", "stopFleet", access.Operator, "Stop every plan of the fleet."),
		order(fleet+"/kill", "kill", access.Operator, "The kill switch: no command at all is given any more."),
		order(fleet+"/revive", "revive", access.Admin, "Lift the kill switch."),
		order(fleet+"/servers/{server}/drain", "drain", access.Approver, "Ask for a server to be emptied."),
		order(fleet+"/servers/{server}/undrain", "undrain", access.Approver, "Take a server back into use."),
		letters(fleet+"/deadletters/replay", "replayLetters", access.Operator, "Send refused records to their topics again, as they were, and take them off the list."),
		letters(fleet+"/deadletters/drop", "dropLetters", access.Admin, "Take refused records off the list for good."),
		{Method: "POST", Path: fleet + "/what-if", Name: "whatIf", Role: access.Operator, Class: Question, Summary: "Ask what a loss, a drain or more load would do, and what Drover would do about it. Nothing is carried out.", Body: WhatIf{}, Answer: WhatIfAnswer{}, handle: (*Server).whatIf},
	}
}
