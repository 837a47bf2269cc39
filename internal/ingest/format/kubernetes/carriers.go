package kubernetes

// carriers lists by label and value the workloads that carry it, in their order.
type carriers map[[2]string][]int

func carriersOf(workloads []workload) carriers {
	c := carriers{}
	for n := range workloads {
		for k, v := range workloads[n].labels {
			c[[2]string{k, v}] = append(c[[2]string{k, v}], n)
		}
	}
	return c
}

// fewest returns the workloads that carry the rarest of a selector's labels: no
// others can be selected.
func (c carriers) fewest(selector map[string]string) []int {
	var list []int
	first := true
	for k, v := range selector {
		if l := c[[2]string{k, v}]; first || len(l) < len(list) {
			list, first = l, false
		}
	}
	return list
}
