"""Solves placement problems to optimality with OR-tools CP-SAT.

Reads one problem (the JSON form of model.Problem) a line from standard input
and writes one line for each: {"status": "optimal" | "infeasible" | "unknown",
"cost": N}. It states the rules of the problem by itself, so that it can be held
against the solver's own.
"""
import json
import sys

from ortools.sat.python import cp_model


def at(vector, resources, period, resource):
    """A vector's value, which may or may not differ by period."""
    return vector[resource] if len(vector) == resources else vector[period * resources + resource]


def curve_cost(points, capacity, use, weight):
    """Power at a use: linear between breakpoints, rounded down."""
    xs, ys = [], []
    for p in points:
        x = capacity * p["UtilisationPPM"] // 1_000_000
        if not xs or x > xs[-1]:
            xs.append(x)
            ys.append(p["PowerMilliwatts"] * weight)
    if use <= xs[0]:
        return ys[0]
    for k in range(1, len(xs)):
        if use <= xs[k]:
            rise, span = ys[k] - ys[k - 1], xs[k] - xs[k - 1]
            step = (use - xs[k - 1]) * abs(rise) // span
            return ys[k - 1] + (step if rise >= 0 else -step)
    return ys[-1]


class Model:
    def __init__(self, p):
        self.p, self.m, self.cost = p, cp_model.CpModel(), []
        self.items, self.bins, self.groups = p["Items"], p["Bins"], p["Groups"]
        self.n, self.periods = len(p["Resources"]), max(p["Periods"], 1)
        self.x = [[self.m.new_bool_var("") for _ in self.bins] for _ in self.items]
        self.members = [[i for i, it in enumerate(self.items) if it["Group"] == g] for g in range(len(self.groups))]
        for row in self.x:
            self.m.add_exactly_one(row)
        self.domains()
        self.loads()
        self.group_rules()
        self.moves()
        self.traffic()
        self.m.minimize(sum(self.cost))

    def domains(self):
        for i, it in enumerate(self.items):
            for b, bin_ in enumerate(self.bins):
                allowed = it["Allowed"] or range(len(self.bins))
                if (bin_["Closed"] or bin_["NoArrivals"] and it["Start"] != b or b not in allowed
                        or b in (it["Forbidden"] or []) or it["Pinned"] and it["Start"] >= 0 and it["Start"] != b):
                    self.m.add(self.x[i][b] == 0)

    def above(self, expression, weight, top):
        """Charges weight for what is above 0."""
        if weight:
            over = self.m.new_int_var(0, top, "")
            self.m.add(over >= expression)
            self.cost.append(weight * over)

    def loads(self):
        w = self.p["Weights"]
        for b, bin_ in enumerate(self.bins):
            used = self.m.new_bool_var("")
            self.m.add_max_equality(used, [row[b] for row in self.x])
            self.cost.append(used * (w["Money"] * bin_["Money"] + (w["Wake"] * bin_["WakeCost"] if bin_["Asleep"] else 0)))
            for t in range(self.periods):
                uses = [self.load(b, bin_, t, r) for r in range(self.n)]
                for l in self.p["Balances"] or []:
                    free = [at(bin_["Capacity"], self.n, t, k) - uses[k] for k in (l["A"], l["B"])]
                    self.above(l["Target"] * free[0] - free[1], l["Weight"], 10**6)
                if bin_["Power"] and w["Power"]:
                    self.power(bin_, t, uses[self.p["PowerResource"]], used)

    def load(self, b, bin_, t, r):
        resource, capacity = self.p["Resources"][r], at(bin_["Capacity"], self.n, t, r)
        demand = [at(it["Demand"], self.n, t, r) for it in self.items]
        use = sum(q * row[b] for q, row in zip(demand, self.x))
        self.m.add(use <= capacity)
        if resource["Transient"]:
            self.m.add(sum(q if it["Start"] == b else q * row[b]
                           for q, it, row in zip(demand, self.items, self.x)) <= capacity)
        safety = at(bin_["Safety"], self.n, t, r) if bin_["Safety"] else capacity
        self.above(use - safety, resource["LoadWeight"], 10**6)
        return use

    def power(self, bin_, t, use, used):
        capacity = at(bin_["Capacity"], self.n, t, self.p["PowerResource"])
        table = [curve_cost(bin_["Power"], capacity, u, self.p["Weights"]["Power"]) for u in range(capacity + 1)]
        index, watts = self.m.new_int_var(0, capacity, ""), self.m.new_int_var(min(table), max(table), "")
        self.m.add(index == use)
        self.m.add_element(index, table, watts)
        paid = self.m.new_int_var(0, max(table), "")
        self.m.add(paid == watts).only_enforce_if(used)
        self.m.add(paid == 0).only_enforce_if(used.negated())
        self.cost.append(paid)

    def some(self, g, bins):
        """Tells whether group g has an item on one of the bins."""
        here = [self.x[i][b] for i in self.members[g] for b in bins]
        v = self.m.new_bool_var("")
        if here:
            self.m.add_max_equality(v, here)
        else:
            self.m.add(v == 0)
        return v

    def by(self, key):
        places = {}
        for b, bin_ in enumerate(self.bins):
            places.setdefault(bin_[key], []).append(b)
        return places

    def group_rules(self):
        for g, group in enumerate(self.groups):
            members = self.members[g]
            if not members:
                continue
            for b in range(len(self.bins)):
                if group["MaxPerBin"]:
                    self.m.add(sum(self.x[i][b] for i in members) <= group["MaxPerBin"])
            if group["MinSpread"] > 1:
                self.m.add(sum(self.some(g, bins) for bins in self.by("Location").values()) >= group["MinSpread"])
            for h in group["DependsOn"] or []:
                self.implies(g, h, self.by("Neighbourhood").values())
            for h in group["Affinity"] or []:
                self.implies(g, h, [[b] for b in range(len(self.bins))])
            for h in group["AntiAffinity"] or []:
                if h != g:
                    for b in range(len(self.bins)):
                        self.m.add(self.some(g, [b]) + self.some(h, [b]) <= 1)

    def implies(self, g, h, places):
        if h != g:
            for bins in places:
                self.m.add_implication(self.some(g, bins), self.some(h, bins))

    def moves(self):
        w, moved = self.p["Weights"], []
        for i, it in enumerate(self.items):
            start = it["Start"]
            moved.append(1 - self.x[i][start] if start >= 0 else 0)
            self.cost.append(w["ItemMove"] * it["MoveCost"] * moved[i])
            if start >= 0 and self.p["MoveDistance"]:
                self.cost += [w["BinMove"] * self.p["MoveDistance"][start][b] * self.x[i][b]
                              for b in range(len(self.bins)) if b != start]
        most = self.m.new_int_var(0, len(self.items), "")
        for g, group in enumerate(self.groups):
            n = sum(moved[i] for i in self.members[g])
            self.m.add(most >= n)
            if group["MaxMoves"]:
                self.m.add(n <= group["MaxMoves"])
        self.cost.append(w["GroupMove"] * most)
        if self.p["MaxMoves"]:
            self.m.add(sum(moved) <= self.p["MaxMoves"])
        for b, bin_ in enumerate(self.bins):
            if bin_["MaxArrivals"]:
                self.m.add(sum(self.x[i][b] for i, it in enumerate(self.items)
                               if it["Start"] not in (b, -1)) <= bin_["MaxArrivals"])
            if bin_["MaxDepartures"]:
                self.m.add(sum(moved[i] for i, it in enumerate(self.items)
                               if it["Start"] == b) <= bin_["MaxDepartures"])

    def traffic(self):
        weight, distance = self.p["Weights"]["Traffic"], self.p["Distance"]
        if not weight or not distance:
            return
        rates = {}
        for f in self.p["ItemFlows"] or []:
            self.add_rate(rates, f["A"], f["B"], f["Rate"])
        for f in self.p["GroupFlows"] or []:
            if f["A"] != f["B"]:
                for i in self.members[f["A"]]:
                    for j in self.members[f["B"]]:
                        self.add_rate(rates, i, j, f["Rate"])
        zones = self.by("Zone")
        inside = [{z: sum(row[b] for b in bins) for z, bins in zones.items()} for row in self.x]
        for (i, j), rate in rates.items():
            far = self.m.new_int_var(0, 10**6, "")
            for a in zones:
                for b in zones:
                    # Binding only where i is in zone a and j in zone b.
                    self.m.add(far >= distance[a][b] * (inside[i][a] + inside[j][b] - 1))
            self.cost.append(weight * rate * far)

    @staticmethod
    def add_rate(rates, i, j, rate):
        if i != j and rate:
            key = (min(i, j), max(i, j))
            rates[key] = rates.get(key, 0) + rate


def solve(p):
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = 60
    status = solver.solve(Model(p).m)
    if status == cp_model.OPTIMAL:
        return {"status": "optimal", "cost": round(solver.objective_value)}
    return {"status": "infeasible" if status == cp_model.INFEASIBLE else "unknown", "cost": 0}


for line in sys.stdin:
    print(json.dumps(solve(json.loads(line))), flush=True)
