package solver

// compileGroups gives a row of counters to every group that some constraint
// looks at, and links the rows.
func (in *instance) compileGroups() {
	p := in.problem
	members := make([][]int32, in.groups)
	for i, g := range in.group {
		members[g] = append(members[g], int32(i))
	}
	needed := make([]bool, in.groups)
	for g := range p.Groups {
		group := &p.Groups[g]
		n := len(members[g])
		if group.MaxPerBin > 0 && n > group.MaxPerBin || group.MinSpread > 1 {
			needed[g] = true
		}
		for _, list := range [][]int{group.DependsOn, group.AntiAffinity, group.Affinity} {
			for _, h := range list {
				if h != g {
					needed[g], needed[h] = true, true
				}
			}
		}
	}
	in.constrained = make([]int32, in.groups)
	for g := range p.Groups {
		in.constrained[g] = none
		if needed[g] {
			in.constrained[g] = int32(in.rows)
			in.rowGroup = append(in.rowGroup, int32(g))
			in.rowItems = append(in.rowItems, members[g])
			in.rows++
		}
	}
	in.itemRow = make([]int32, in.items)
	for i, g := range in.group {
		in.itemRow[i] = in.constrained[g]
	}
	in.linkRows()
	in.chooseDense()
}

// linkRows fills the relations between rows, each free of repeats.
func (in *instance) linkRows() {
	in.perBin, in.spread = make([]int32, in.rows), make([]int32, in.rows)
	for _, list := range []*[][]int32{&in.depends, &in.dependents, &in.apart, &in.together, &in.wantedBy} {
		*list = make([][]int32, in.rows)
	}
	link := func(list [][]int32, a, b int32) {
		for _, x := range list[a] {
			if x == b {
				return
			}
		}
		list[a] = append(list[a], b)
	}
	for k, g := range in.rowGroup {
		row := int32(k)
		group := &in.problem.Groups[g]
		in.perBin[row] = int32(group.MaxPerBin)
		if group.MinSpread > 1 {
			in.spread[row] = int32(group.MinSpread)
			in.soft = true
		}
		each := func(list []int, do func(other int32)) {
			for _, h := range list {
				if h != int(g) {
					do(in.constrained[h])
				}
			}
		}
		each(group.DependsOn, func(o int32) {
			link(in.depends, row, o)
			link(in.dependents, o, row)
			in.soft = true
		})
		each(group.AntiAffinity, func(o int32) { link(in.apart, row, o); link(in.apart, o, row) })
		each(group.Affinity, func(o int32) {
			link(in.together, row, o)
			link(in.wantedBy, o, row)
			in.soft = true
		})
	}
}

// chooseDense decides which rows keep a counter for every bin: all of them
// where that fits, else those of many items.
func (in *instance) chooseDense() {
	in.dense = make([]bool, in.rows)
	in.denseRow = make([]int32, in.rows)
	all := in.rows*in.bins <= denseLimit
	for row := range in.rows {
		if all || len(in.rowItems[row]) > 64 {
			in.dense[row] = true
			in.denseRow[row] = int32(in.denseRows)
			in.denseRows++
		}
	}
}
