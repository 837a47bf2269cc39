package api

import (
	"strconv"
	"strings"
)

// paged cuts a list to the page that was asked for. The cursor is the place in
// the list; lists are in a fixed order, so that a page is not missed unless the
// list itself changes in between.
func paged[T any](c *call, all []T) (Page[T], error) {
	limit, err := c.number("limit", 100, 1, 1000)
	if err != nil {
		return Page[T]{}, err
	}
	after, err := c.number("after", 0, 0, 1<<31-1)
	if err != nil {
		return Page[T]{}, err
	}
	p := Page[T]{Items: []T{}, Total: len(all)}
	from := min(after, len(all))
	to := min(from+limit, len(all))
	p.Items = append(p.Items, all[from:to]...)
	if to < len(all) {
		p.Next = strconv.Itoa(to)
	}
	return p, nil
}

// number reads a whole number from the query.
func (c *call) number(name string, preset, low, high int) (int, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return preset, nil
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < low || v > high {
		return 0, badRequest("%s: %q: want a whole number from %d to %d", name, text, low, high)
	}
	return v, nil
}

// query returns a parameter.
func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

// holds tells whether one of the texts holds what was asked for, in any case.
func (c *call) holds(texts ...string) bool {
	want := strings.ToLower(c.query("q"))
	if want == "" {
		return true
	}
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), want) {
			return true
		}
	}
	return false
}
