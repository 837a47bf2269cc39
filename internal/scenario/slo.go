package scenario

import "drover/internal/model"

// promiseMargins lists the margins of response time and availability.
func (st *state) promiseMargins(int) []model.Margin { return nil }
